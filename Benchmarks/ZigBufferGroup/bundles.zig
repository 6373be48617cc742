// Receive bundles: one completion that spans several buffers. BufferGroup has no call for them: the flag is set here.
const std = @import("std");
const linux = std.os.linux;
const outcome = @import("outcome.zig");
const Connection = @import("wire.zig").Connection;
const server_ = @import("server.zig");

const buffer_size = 1024;
const buffers = 8;
const span = 3;

fn receiveBundle(server: *server_.Server, connection: *Connection) !server_.Completion {
    try connection.send(span * buffer_size);
    try connection.waitQueued(span * buffer_size);
    const entry = try server.group.recv(0, connection.server, 0);
    entry.ioprio |= linux.IORING_RECVSEND_BUNDLE;
    return try server_.mustSucceed(try server.next());
}

/// With the calls that there are.
pub fn asIs() !outcome.Outcome {
    var server: server_.Server = undefined;
    try server.init(buffer_size, buffers);
    var connection = try Connection.tcp(0);
    var round: usize = 0;
    while (round < 2 * buffers) : (round += 1) {
        const completion = try receiveBundle(&server, &connection);
        const bytes = try server.get(completion);
        if (connection.verify(bytes, 1)) |complaint| return outcome.wrong("bundle {d}: {s}", .{ round, complaint });
        try server.put(completion);
    }
    return outcome.right("{d} bundles read right", .{round});
}

/// The completion that the kernel would have written for one buffer alone.
fn alone(id: u16, count: usize) server_.Completion {
    return .{
        .user_data = 0,
        .res = @intCast(count),
        .flags = linux.IORING_CQE_F_BUFFER | @as(u32, id) << linux.IORING_CQE_BUFFER_SHIFT,
    };
}

/// By hand: ids counted up from the one that the completion names, each buffer put with a completion made up for it.
fn byHand(release: [span]usize) !outcome.Outcome {
    var server: server_.Server = undefined;
    try server.init(buffer_size, buffers);
    var connection = try Connection.tcp(0);
    var round: usize = 0;
    while (round < 2 * buffers) : (round += 1) {
        const completion = try receiveBundle(&server, &connection);
        if (completion.res != span * buffer_size or server_.isPartOfBuffer(completion)) {
            std.debug.print("bundle of {d} bytes, flags {x}\n", .{ completion.res, completion.flags });
            return error.NotTheBundleThatWasPlanned;
        }
        const first = try completion.buffer_id();
        var pieces: [span]server_.Completion = undefined;
        for (&pieces, 0..) |*piece, i| {
            const id: u16 = @intCast((first + i) % buffers);
            piece.* = alone(id, buffer_size);
            const place = connection.received;
            if (connection.verify(server.getById(id), 1)) |complaint| {
                return outcome.wrong(
                    "bundle {d} begins with buffer {d}; its piece {d} (byte {d}) is not in buffer {d}: {s}",
                    .{ round, first, i, place, id, complaint },
                );
            }
        }
        for (release) |i| try server.put(pieces[i]);
    }
    return outcome.right("{d} bundles read right", .{round});
}

pub fn inOrder() !outcome.Outcome {
    return byHand(.{ 0, 1, 2 });
}

pub fn outOfOrder() !outcome.Outcome {
    return byHand(.{ 2, 0, 1 });
}
