// A small pool under a large transfer: consumed in strict order, and forwarded to somebody else as a proxy would.
const std = @import("std");
const linux = std.os.linux;
const outcome = @import("outcome.zig");
const pattern = @import("pattern.zig");
const Connection = @import("wire.zig").Connection;
const server_ = @import("server.zig");

const buffer_size = 4096;
const buffers = 4;
/// Not a divisor of the buffer's size, so that buffers end in the middle of what was written.
const chunk = 1000;

fn sendAll(connection: *Connection, total: usize) void {
    while (connection.sent < total) connection.send(@min(chunk, total - connection.sent)) catch linux.exit_group(71);
}

fn readAll(connection: *Connection, bytes: []u8) void {
    var rest = bytes;
    while (rest.len > 0) {
        const count = linux.read(connection.client, rest.ptr, rest.len);
        if (linux.errno(count) != .SUCCESS or count == 0) linux.exit_group(72);
        rest = rest[count..];
    }
}

pub fn consume() !outcome.Outcome {
    const total = 16 << 20;
    var server: server_.Server = undefined;
    try server.init(buffer_size, buffers);
    var connection = try Connection.tcp(0);
    _ = try std.Thread.spawn(.{}, sendAll, .{ &connection, total });
    try server.receiveMultishot(0, connection.server);
    var fruitless: usize = 0;
    while (connection.received < total) {
        const completion = try server.next();
        if (completion.err() == .NOBUFS) {
            fruitless += 1;
            if (fruitless == 1000) return outcome.wrong("ENOBUFS 1000 times, with every buffer released", .{});
        } else {
            _ = try server_.mustSucceed(completion);
            fruitless = 0;
            if (connection.verify(try server.get(completion), 1)) |complaint| return outcome.wrong("{s}", .{complaint});
            try server.put(completion);
        }
        if (!server_.hasMore(completion)) try server.receiveMultishot(0, connection.server);
    }
    return outcome.right("all {d} bytes in order", .{total});
}

/// One direction through the proxy: what was received waits here until it is sent, one send at a time.
const Stream = struct {
    const depth = 1024;

    source: Connection,
    sink: Connection,
    result: []u8,
    waiting: [depth]server_.Completion = undefined,
    first: usize = 0,
    end: usize = 0,
    rest: []const u8 = &.{},
    armed: bool = false,
    received: usize = 0,

    fn isIdle(self: *const Stream) bool {
        return self.first == self.end;
    }

    fn send(self: *Stream, server: *server_.Server) !void {
        _ = try server.ring.send(10 + self.source.id, self.sink.server, self.rest, linux.MSG.NOSIGNAL);
    }

    /// Begins with the oldest that waits. Its slice is asked for as late as possible, which suits BufferGroup best.
    fn begin(self: *Stream, server: *server_.Server) !void {
        if (self.isIdle()) return;
        self.rest = try server.get(self.waiting[self.first % depth]);
        try self.send(server);
    }

    fn push(self: *Stream, completion: server_.Completion, server: *server_.Server) !void {
        if (self.end - self.first == depth) return error.TooManyWaiting;
        const wasIdle = self.isIdle();
        self.waiting[self.end % depth] = completion;
        self.end += 1;
        self.received += @intCast(completion.res);
        if (wasIdle) try self.begin(server);
    }

    /// True when a buffer, or a part of one, went back.
    fn sent(self: *Stream, count: usize, server: *server_.Server) !bool {
        self.rest = self.rest[count..];
        if (self.rest.len > 0) {
            try self.send(server);
            return false;
        }
        try server.put(self.waiting[self.first % depth]);
        self.first += 1;
        try self.begin(server);
        return true;
    }
};

pub fn forward() !outcome.Outcome {
    const total = 4 << 20;
    var server: server_.Server = undefined;
    try server.init(buffer_size, buffers);
    var streams: [2]Stream = undefined;
    var sinks: [2]std.Thread = undefined;
    for (&streams, &sinks, 0..) |*stream, *sink, id| {
        const result = try std.heap.page_allocator.alloc(u8, total);
        stream.* = .{ .source = try Connection.tcp(id), .sink = try Connection.tcp(id), .result = result };
        _ = try std.Thread.spawn(.{}, sendAll, .{ &stream.source, total });
        sink.* = try std.Thread.spawn(.{}, readAll, .{ &stream.sink, result });
    }
    var fruitless: usize = 0;
    var may_receive = true;
    while (true) {
        for (&streams) |*stream| {
            if (stream.armed or stream.received == total or !may_receive) continue;
            try server.receiveMultishot(stream.source.id, stream.source.server);
            stream.armed = true;
        }
        const left = streams[0].received < total or streams[1].received < total;
        if (!left and streams[0].isIdle() and streams[1].isIdle()) break;
        const completion = try server.next();
        const stream = &streams[completion.user_data % 10];
        if (completion.user_data >= 10) {
            _ = try server_.mustSucceed(completion);
            if (try stream.sent(@intCast(completion.res), &server)) may_receive = true;
            continue;
        }
        if (!server_.hasMore(completion)) stream.armed = false;
        if (completion.err() == .NOBUFS) {
            fruitless += 1;
            // Receiving again makes sense when something has gone back, or when nothing is out.
            may_receive = streams[0].isIdle() and streams[1].isIdle();
            if (may_receive and fruitless >= 1000) {
                return outcome.wrong("ENOBUFS 1000 times, with every buffer released", .{});
            }
        } else {
            fruitless = 0;
            try stream.push(try server_.mustSucceed(completion), &server);
        }
    }
    for (&streams, sinks, 0..) |*stream, sink, id| {
        sink.join();
        if (pattern.complaint(stream.result, id, 0, 2)) |complaint| {
            var bad: usize = 0;
            for (stream.result, 0..) |b, i| bad += @intFromBool(b != pattern.byte(id, i));
            return outcome.wrong("{d} of {d} bytes of stream {d} wrong, first: {s}", .{ bad, total, id, complaint });
        }
    }
    return outcome.right("both streams whole and in order", .{});
}
