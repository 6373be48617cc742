// One ring and one BufferGroup, as a server has them. Waiting ends with an error when nothing completes for 10 seconds.
const std = @import("std");
const linux = std.os.linux;
const IoUring = linux.IoUring;
const outcome = @import("outcome.zig");

pub const Completion = linux.io_uring_cqe;

/// The control: whether groups are made by hand, without incremental mode, which BufferGroup.init cannot do.
pub var plain = false;

/// What BufferGroup.init does, but for the flag.
fn plainGroup(ring: *IoUring, buffer_size: u32, buffers: u16) !IoUring.BufferGroup {
    const allocator = std.heap.page_allocator;
    const memory = try allocator.alloc(u8, buffer_size * buffers);
    const heads = try allocator.alloc(u32, buffers);
    const br = try IoUring.setup_buf_ring(ring.fd, buffers, 1, .{ .inc = false });
    IoUring.buf_ring_init(br);
    for (0..buffers) |i| {
        heads[i] = 0;
        const bytes = memory[i * buffer_size ..][0..buffer_size];
        IoUring.buf_ring_add(br, bytes, @intCast(i), IoUring.buf_ring_mask(buffers), @intCast(i));
    }
    IoUring.buf_ring_advance(br, buffers);
    return .{
        .ring = ring,
        .group_id = 1,
        .br = br,
        .buffers = memory,
        .heads = heads,
        .buffer_size = buffer_size,
        .buffers_count = buffers,
    };
}

pub const Server = struct {
    ring: IoUring,
    group: IoUring.BufferGroup,

    /// In place, for the group keeps the ring's address.
    pub fn init(self: *Server, buffer_size: u32, buffers: u16) !void {
        self.ring = try IoUring.init(256, 0);
        self.group = try if (plain)
            plainGroup(&self.ring, buffer_size, buffers)
        else
            IoUring.BufferGroup.init(&self.ring, std.heap.page_allocator, 1, buffer_size, buffers);
    }

    pub fn receive(self: *Server, tag: u64, fd: linux.fd_t) !void {
        _ = try self.group.recv(tag, fd, 0);
        _ = try self.ring.submit();
    }

    pub fn receiveMultishot(self: *Server, tag: u64, fd: linux.fd_t) !void {
        _ = try self.group.recv_multishot(tag, fd, 0);
        _ = try self.ring.submit();
    }

    /// Submits, then waits until a completion is there to be read.
    pub fn wait(self: *Server) !void {
        _ = try self.ring.submit();
        for (0..100) |_| {
            if (self.ring.cq_ready() > 0) return;
            var fds = [_]linux.pollfd{.{ .fd = self.ring.fd, .events = linux.POLL.IN, .revents = 0 }};
            _ = linux.poll(&fds, 1, 100);
        }
        return error.Stalled;
    }

    pub fn next(self: *Server) !Completion {
        try self.wait();
        return try self.ring.copy_cqe();
    }

    pub fn get(self: *Server, completion: Completion) ![]u8 {
        outcome.calling = "BufferGroup.get";
        defer outcome.calling = null;
        return try self.group.get(completion);
    }

    pub fn put(self: *Server, completion: Completion) !void {
        outcome.calling = "BufferGroup.put";
        defer outcome.calling = null;
        try self.group.put(completion);
    }

    pub fn getById(self: *Server, id: u16) []u8 {
        outcome.calling = "BufferGroup.get_by_id";
        defer outcome.calling = null;
        return self.group.get_by_id(id);
    }
};

/// A completion that must have succeeded for the case to mean anything.
pub fn mustSucceed(completion: Completion) !Completion {
    if (completion.err() == .SUCCESS) return completion;
    std.debug.print("operation {d} failed: {t}\n", .{ completion.user_data, completion.err() });
    return error.OperationFailed;
}

pub fn hasMore(completion: Completion) bool {
    return completion.flags & linux.IORING_CQE_F_MORE != 0;
}

pub fn hasBuffer(completion: Completion) bool {
    return completion.flags & linux.IORING_CQE_F_BUFFER != 0;
}

pub fn isPartOfBuffer(completion: Completion) bool {
    return completion.flags & linux.IORING_CQE_F_BUF_MORE != 0;
}
