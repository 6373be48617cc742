// A slice held across later receives (a server that answers later), with both orders of calls that the API allows.
const std = @import("std");
const outcome = @import("outcome.zig");
const pattern = @import("pattern.zig");
const Connection = @import("wire.zig").Connection;
const server_ = @import("server.zig");

const message = 300;
const later = 40;

const Order = enum { put_when_done, put_at_once };

/// Null when all was right.
fn attempt(order: Order, words: []u8) !?[]const u8 {
    var server: server_.Server = undefined;
    try server.init(1024, 8);
    var holder = try Connection.tcp(0);
    var other = try Connection.tcp(1);

    try server.receive(0, holder.server);
    try holder.send(message);
    const held = try server_.mustSucceed(try server.next());
    const slice = try server.get(held);
    if (holder.verify(slice, 2)) |what| return outcome.print(words, "not even the first is right: {s}", .{what});
    if (order == .put_at_once) try server.put(held);

    var number: usize = 1;
    while (number <= later) : (number += 1) {
        try other.send(message);
        while (other.received < other.sent) {
            try server.receive(1, other.server);
            const completion = try server_.mustSucceed(try server.next());
            const complaint = other.verify(try server.get(completion), 2);
            if (complaint) |what| return outcome.print(words, "later message {d} reads wrong: {s}", .{ number, what });
            try server.put(completion);
        }
        if (pattern.complaint(slice, 0, 0, 2)) |what| {
            return outcome.print(words, "the held slice was overwritten by later message {d}: {s}", .{ number, what });
        }
    }
    if (order == .put_when_done) try server.put(held);
    return null;
}

pub fn run() !outcome.Outcome {
    var words: [2][1024]u8 = undefined;
    const deferred = try attempt(.put_when_done, &words[0]);
    const early = try attempt(.put_at_once, &words[1]);
    if (deferred == null) return outcome.right("right with put when done", .{});
    if (early == null) return outcome.right("right with put at once (put when done: {s})", .{deferred.?});
    return outcome.wrong("no order of calls is right. put when done: {s}; put at once: {s}", .{ deferred.?, early.? });
}
