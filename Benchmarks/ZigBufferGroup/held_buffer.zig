// One buffer that a slow consumer holds while 100 messages of somebody else go through the same pool.
const std = @import("std");
const outcome = @import("outcome.zig");
const pattern = @import("pattern.zig");
const Connection = @import("wire.zig").Connection;
const server_ = @import("server.zig");

const others = 100;

fn run(size: usize) !outcome.Outcome {
    var server: server_.Server = undefined;
    try server.init(1024, 4);
    var holder = try Connection.tcp(0);
    var other = try Connection.tcp(1);

    try server.receive(0, holder.server);
    try holder.send(size);
    const held = try server_.mustSucceed(try server.next());
    const slice = try server.get(held);
    if (holder.verify(slice, 2)) |complaint| return outcome.wrong("not even the first is right: {s}", .{complaint});

    var bad: usize = 0;
    var words: [512]u8 = undefined;
    var first: []const u8 = "";
    for (1..others + 1) |number| {
        try other.send(size);
        var good = true;
        while (other.received < other.sent) {
            try server.receive(1, other.server);
            const completion = try server.next();
            if (completion.err() == .NOBUFS) return outcome.wrong("message {d} fails with ENOBUFS", .{number});
            _ = try server_.mustSucceed(completion);
            if (other.verify(try server.get(completion), 2)) |complaint| {
                if (bad == 0 and good) first = outcome.print(&words, "message {d}: {s}", .{ number, complaint });
                good = false;
            }
            try server.put(completion);
        }
        if (!good) bad += 1;
    }
    const lost = pattern.complaint(slice, 0, 0, 2) != null;
    try server.put(held);
    if (bad == 0 and !lost) return outcome.right("{d} messages and the held one read right", .{others});
    const state = if (lost) "was overwritten" else "stayed right";
    return outcome.wrong("{d} of {d} messages read wrong ({s}); the held one {s}", .{ bad, others, first, state });
}

pub fn small() !outcome.Outcome {
    return run(300);
}

pub fn full() !outcome.Outcome {
    return run(1024);
}
