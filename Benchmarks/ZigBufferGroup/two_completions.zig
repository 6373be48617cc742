// Two completions read before the first is released: an event loop that reaps a batch and then works on it.
const std = @import("std");
const outcome = @import("outcome.zig");
const Connection = @import("wire.zig").Connection;
const server_ = @import("server.zig");

fn run(size: usize) !outcome.Outcome {
    var server: server_.Server = undefined;
    try server.init(1024, 8);
    var connections = [_]Connection{ try Connection.tcp(0), try Connection.tcp(1) };
    var completions: [2]server_.Completion = undefined;
    for (&connections) |*connection| {
        try server.receive(connection.id, connection.server);
        try connection.send(size);
        completions[connection.id] = try server_.mustSucceed(try server.next());
    }
    for (completions, 0..) |completion, number| {
        const connection = &connections[completion.user_data];
        const bytes = try server.get(completion);
        if (connection.verify(bytes, 2)) |complaint| {
            return outcome.wrong("message {d} reads wrong: {s}", .{ number, complaint });
        }
        if (bytes.len != size) return outcome.wrong("message {d} has {d} bytes of {d}", .{ number, bytes.len, size });
    }
    for (completions) |completion| try server.put(completion);
    return outcome.right("both read right", .{});
}

pub fn small() !outcome.Outcome {
    return run(300);
}

pub fn full() !outcome.Outcome {
    return run(1024);
}
