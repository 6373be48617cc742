// Receives that completed and were then dropped, because their connection went away: as many as the pool has buffers.
const std = @import("std");
const linux = std.os.linux;
const outcome = @import("outcome.zig");
const Connection = @import("wire.zig").Connection;
const server_ = @import("server.zig");

const buffers = 8;
const drops = 2 * buffers;
const cancel_tag = 1000;
/// Nothing else holds a buffer: what fails that often fails for ever.
const tries = 1000;

/// Cancels a receive whose data has arrived, and reads what completes: the receive itself, and the cancel.
fn dropOne(server: *server_.Server, id: usize, size: usize, put: bool) !void {
    var connection = try Connection.tcp(id);
    defer connection.close();
    try server.receive(id, connection.server);
    try connection.send(size);
    try server.wait();
    _ = try server.ring.cancel(cancel_tag, id, 0);
    for (0..2) |_| {
        const completion = try server.next();
        if (completion.user_data == cancel_tag) continue;
        if (!server_.hasBuffer(completion) and completion.err() != .NOBUFS) return error.NotTheDropThatWasPlanned;
        if (put and server_.hasBuffer(completion)) try server.put(completion);
    }
}

fn run(count: usize, size: usize, put: bool) !outcome.Outcome {
    var server: server_.Server = undefined;
    try server.init(1024, buffers);
    var words: [32]u8 = undefined;
    const after = if (count == 1) "one drop" else outcome.print(&words, "{d} drops", .{count});
    var refused: usize = 0;
    for (0..count) |id| try dropOne(&server, id, size, put);

    var connection = try Connection.tcp(count);
    for (0..100) |number| {
        try connection.send(size);
        while (connection.received < connection.sent) {
            try server.receive(count, connection.server);
            const completion = try server.next();
            if (completion.err() == .NOBUFS) {
                refused += 1;
                if (refused < tries) continue;
                return outcome.wrong("after {s} message {d} fails with ENOBUFS, {d} times", .{ after, number, tries });
            }
            refused = 0;
            _ = try server_.mustSucceed(completion);
            if (connection.verify(try server.get(completion), count + 1)) |complaint| {
                return outcome.wrong("after {s} message {d} reads wrong: {s}", .{ after, number, complaint });
            }
            try server.put(completion);
        }
    }
    return outcome.right("after {s} 100 messages read right", .{after});
}

pub fn everyCompletionPut() !outcome.Outcome {
    return run(drops, 1024, true);
}

pub fn everySmallCompletionPut() !outcome.Outcome {
    return run(drops, 300, true);
}

pub fn ignored() !outcome.Outcome {
    return run(buffers, 1024, false);
}

pub fn oneSmallIgnored() !outcome.Outcome {
    return run(1, 300, false);
}
