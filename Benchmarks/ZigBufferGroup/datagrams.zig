// Datagrams received one at a time, each put before the next is received: the order that suits BufferGroup best.
const std = @import("std");
const outcome = @import("outcome.zig");
const Connection = @import("wire.zig").Connection;
const server_ = @import("server.zig");

const datagrams = 40;

fn run(size: usize) !outcome.Outcome {
    var server: server_.Server = undefined;
    try server.init(1024, 8);
    var connection = try Connection.udp(0);
    var truncated: usize = 0;
    var missing: usize = 0;
    var list: [128]u8 = undefined;
    var listed: usize = 0;
    for (0..datagrams) |number| {
        try connection.send(size);
        try server.receive(0, connection.server);
        const completion = try server_.mustSucceed(try server.next());
        const bytes = try server.get(completion);
        if (connection.verify(bytes, 1)) |complaint| return outcome.wrong("datagram {d}: {s}", .{ number, complaint });
        if (number < 8) listed += outcome.print(list[listed..], " {d}", .{bytes.len}).len;
        if (bytes.len < size) truncated += 1;
        missing += size - bytes.len;
        // The rest of a truncated datagram is gone: the next one begins behind it.
        connection.received = connection.sent;
        try server.put(completion);
    }
    if (truncated == 0) return outcome.right("{d} datagrams arrived whole", .{datagrams});
    return outcome.wrong(
        "{d} of {d} datagrams truncated, {d} bytes gone, no error (lengths{s} …)",
        .{ truncated, datagrams, missing, list[0..listed] },
    );
}

pub fn small() !outcome.Outcome {
    return run(300);
}

pub fn full() !outcome.Outcome {
    return run(1024);
}
