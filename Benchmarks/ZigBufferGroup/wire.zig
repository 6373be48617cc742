// Loopback connections whose client end sends the pattern and whose server end is received from by io_uring.
const std = @import("std");
const linux = std.os.linux;
const pattern = @import("pattern.zig");

fn check(result: usize) !usize {
    return switch (linux.errno(result)) {
        .SUCCESS => result,
        else => |code| {
            std.debug.print("system call failed: {t}\n", .{code});
            return error.SystemCallFailed;
        },
    };
}

fn anyPort() linux.sockaddr.in {
    return .{ .port = 0, .addr = std.mem.nativeToBig(u32, 0x7f000001) };
}

fn bound(kind: u32) !struct { fd: linux.fd_t, address: linux.sockaddr.in } {
    const fd: linux.fd_t = @intCast(try check(linux.socket(linux.AF.INET, kind | linux.SOCK.CLOEXEC, 0)));
    var address = anyPort();
    var length: linux.socklen_t = @sizeOf(linux.sockaddr.in);
    _ = try check(linux.bind(fd, @ptrCast(&address), length));
    _ = try check(linux.getsockname(fd, @ptrCast(&address), &length));
    return .{ .fd = fd, .address = address };
}

pub const Connection = struct {
    id: usize,
    server: linux.fd_t,
    client: linux.fd_t,
    /// Bytes that the client sent, and that the server saw in the right place.
    sent: usize = 0,
    received: usize = 0,

    pub fn tcp(id: usize) !Connection {
        const listener = try bound(linux.SOCK.STREAM);
        defer _ = linux.close(listener.fd);
        _ = try check(linux.listen(listener.fd, 1));
        const client: linux.fd_t = @intCast(try check(linux.socket(linux.AF.INET, linux.SOCK.STREAM, 0)));
        const one: c_int = 1;
        _ = try check(linux.setsockopt(client, linux.IPPROTO.TCP, linux.TCP.NODELAY, @ptrCast(&one), @sizeOf(c_int)));
        _ = try check(linux.connect(client, &listener.address, @sizeOf(linux.sockaddr.in)));
        const server: linux.fd_t = @intCast(try check(linux.accept4(listener.fd, null, null, linux.SOCK.CLOEXEC)));
        _ = try check(linux.setsockopt(server, linux.IPPROTO.TCP, linux.TCP.NODELAY, @ptrCast(&one), @sizeOf(c_int)));
        return .{ .id = id, .server = server, .client = client };
    }

    pub fn udp(id: usize) !Connection {
        const server = try bound(linux.SOCK.DGRAM);
        const client: linux.fd_t = @intCast(try check(linux.socket(linux.AF.INET, linux.SOCK.DGRAM, 0)));
        _ = try check(linux.connect(client, &server.address, @sizeOf(linux.sockaddr.in)));
        return .{ .id = id, .server = server.fd, .client = client };
    }

    /// Sends the next bytes of this connection: one datagram, or all of them over TCP.
    pub fn send(self: *Connection, count: usize) !void {
        var bytes: [1 << 16]u8 = undefined;
        pattern.fill(bytes[0..count], self.id, self.sent);
        var rest: []const u8 = bytes[0..count];
        while (rest.len > 0) rest = rest[try check(linux.write(self.client, rest.ptr, rest.len))..];
        self.sent += count;
    }

    /// Waits until that many bytes can be received at once.
    pub fn waitQueued(self: *Connection, count: c_int) !void {
        for (0..5000) |_| {
            var queued: c_int = 0;
            _ = try check(linux.ioctl(self.server, linux.T.FIONREAD, @intFromPtr(&queued)));
            if (queued >= count) return;
            _ = linux.poll(@constCast(&[_]linux.pollfd{}), 0, 1);
        }
        return error.NothingArrived;
    }

    /// Checks the next bytes received and goes on behind them, right or not. Words as `pattern.complaint`.
    pub fn verify(self: *Connection, bytes: []const u8, connections: usize) ?[]const u8 {
        const complaint = pattern.complaint(bytes, self.id, self.received, connections);
        self.received += bytes.len;
        return complaint;
    }

    pub fn close(self: *Connection) void {
        _ = linux.close(self.server);
        _ = linux.close(self.client);
    }
};
