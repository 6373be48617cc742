// What a case reports: right or wrong, and in words what happened. A panic inside the pool is an outcome too.
const std = @import("std");
const linux = std.os.linux;

pub const Outcome = struct { right: bool, happened: []const u8 };

var text: [4096]u8 = undefined;

pub fn right(comptime format: []const u8, args: anytype) Outcome {
    return .{ .right = true, .happened = print(&text, format, args) };
}

pub fn wrong(comptime format: []const u8, args: anytype) Outcome {
    return .{ .right = false, .happened = print(&text, format, args) };
}

pub fn print(buffer: []u8, comptime format: []const u8, args: anytype) []const u8 {
    return std.fmt.bufPrint(buffer, format, args) catch buffer;
}

pub fn write(fd: linux.fd_t, bytes: []const u8) void {
    var rest = bytes;
    while (rest.len > 0) {
        const written = linux.write(fd, rest.ptr, rest.len);
        if (linux.errno(written) != .SUCCESS) linux.exit_group(74);
        rest = rest[written..];
    }
}

/// The line that the runner reads. Nothing else goes to standard output.
pub fn report(outcome: Outcome) noreturn {
    var line: [8192]u8 = undefined;
    const verdict = if (outcome.right) "right" else "wrong";
    write(1, print(&line, "{s}\t{s}\n", .{ verdict, outcome.happened }));
    linux.exit_group(0);
}

/// The call into the pool that is going on, so that a panic can be laid at the right door.
pub var calling: ?[]const u8 = null;

/// A panic inside a call into the pool is what happened; any other panic is a fault of these programs.
pub fn panicked(message: []const u8, _: ?usize) noreturn {
    if (calling) |call| report(wrong("{s} stopped the program: {s}", .{ call, message }));
    write(2, "panic outside of the pool: ");
    write(2, message);
    write(2, "\n");
    linux.exit_group(70);
}
