// Ordinary uses of a buffer pool, played with Zig's std.os.linux.IoUring.BufferGroup.
// `list` names them, a name runs one; with `plain` behind the name incremental mode is off, as a control.
const std = @import("std");
const builtin = @import("builtin");
const linux = std.os.linux;
const outcome = @import("outcome.zig");
const server_ = @import("server.zig");
const Connection = @import("wire.zig").Connection;

const two_completions = @import("two_completions.zig");
const held_slice = @import("held_slice.zig");
const bundles = @import("bundles.zig");
const dropped = @import("dropped.zig");
const held_buffer = @import("held_buffer.zig");
const datagrams = @import("datagrams.zig");
const large_transfer = @import("large_transfer.zig");

pub const panic = std.debug.FullPanic(outcome.panicked);

const Case = struct {
    number: []const u8,
    name: []const u8,
    should: []const u8,
    run: *const fn () anyerror!outcome.Outcome,
};

// Buffers have 1 KiB unless the case says otherwise.
const cases = [_]Case{
    .{
        .number = "1a",
        .name = "two-completions",
        .run = two_completions.small,
        .should = "two 300-byte messages are received, then both read, then both put: each reads as it was sent",
    },
    .{
        .number = "1b",
        .name = "two-completions-full",
        .run = two_completions.full,
        .should = "the same with messages that fill their buffers",
    },
    .{
        .number = "2",
        .name = "held-slice",
        .run = held_slice.run,
        .should = "a 300-byte message is kept while 40 others come and go: some order of calls reads all right",
    },
    .{
        .number = "3a",
        .name = "bundles",
        .run = bundles.asIs,
        .should = "bundles of 3 buffers (no call for them: flag set by hand), get and put as they are: all bytes",
    },
    .{
        .number = "3b",
        .name = "bundles-by-hand",
        .run = bundles.inOrder,
        .should = "bundles walked by hand (get_by_id of id, id+1, id+2), put in that order: all bytes",
    },
    .{
        .number = "3c",
        .name = "bundles-out-of-order",
        .run = bundles.outOfOrder,
        .should = "the same, put in another order (third, first, second); no call tells the ring's order",
    },
    .{
        .number = "4a",
        .name = "drops-put",
        .run = dropped.everyCompletionPut,
        .should = "16 receives, 8 buffers, are dropped after completing, every completion is put: still receives",
    },
    .{
        .number = "4b",
        .name = "drops-small-put",
        .run = dropped.everySmallCompletionPut,
        .should = "the same with 300-byte messages",
    },
    .{
        .number = "4c",
        .name = "drops-ignored",
        .run = dropped.ignored,
        .should = "8 receives are dropped, completions of connections that are gone ignored: still receives",
    },
    .{
        .number = "4d",
        .name = "drop-small-ignored",
        .run = dropped.oneSmallIgnored,
        .should = "the same with a single 300-byte message: later ones read right",
    },
    .{
        .number = "5a",
        .name = "held-buffer",
        .run = held_buffer.small,
        .should = "one 300-byte message is held (not put) while 100 others go through 4 buffers: all read right",
    },
    .{
        .number = "5b",
        .name = "held-buffer-full",
        .run = held_buffer.full,
        .should = "the same with messages that fill their buffers",
    },
    .{
        .number = "6a",
        .name = "datagrams",
        .run = datagrams.small,
        .should = "40 datagrams of 300 bytes, each put before the next is received, arrive whole",
    },
    .{
        .number = "6b",
        .name = "datagrams-full",
        .run = datagrams.full,
        .should = "the same with datagrams of 1024 bytes",
    },
    .{
        .number = "7a",
        .name = "large-transfer",
        .run = large_transfer.consume,
        .should = "16 MiB through 4 buffers of 4 KiB, each put before the next is read: all bytes in order",
    },
    .{
        .number = "7b",
        .name = "large-transfer-forwarded",
        .run = large_transfer.forward,
        .should = "two streams of 4 MiB forwarded through 4 buffers of 4 KiB, each put when sent: all bytes in order",
    },
};

/// Says whether the kernel consumes this group's buffers incrementally: BufferGroup itself does not tell.
fn probe() !void {
    var server: server_.Server = undefined;
    try server.init(1024, 1);
    var connection = try Connection.tcp(0);
    try server.receive(0, connection.server);
    try connection.send(1);
    const completion = try server_.mustSucceed(try server.next());
    const state = if (server_.isPartOfBuffer(completion)) "on" else "off";
    var line: [128]u8 = undefined;
    outcome.write(1, outcome.print(&line, "{s}\t{s}\n", .{ builtin.zig_version_string, state }));
}

pub fn main(init: std.process.Init.Minimal) !void {
    var arguments = init.args.iterate();
    _ = arguments.next();
    const name = arguments.next() orelse "list";
    if (arguments.next()) |word| {
        if (!std.mem.eql(u8, word, "plain")) return error.UnknownWord;
        server_.plain = true;
    }
    if (std.mem.eql(u8, name, "probe")) return probe();
    for (cases) |case| {
        if (std.mem.eql(u8, name, "list")) {
            var line: [1024]u8 = undefined;
            outcome.write(1, outcome.print(&line, "{s}\t{s}\t{s}\n", .{ case.number, case.name, case.should }));
        } else if (std.mem.eql(u8, name, case.name)) {
            const happened = case.run() catch |err| switch (err) {
                error.Stalled => outcome.wrong("stalled: nothing completes any more", .{}),
                else => return err,
            };
            outcome.report(happened);
        }
    }
    if (!std.mem.eql(u8, name, "list")) return error.NoSuchCase;
}
