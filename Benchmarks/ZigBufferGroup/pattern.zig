// The bytes of every connection: made from its number and the place in its stream, so that wrong ones can be traced.
const std = @import("std");
const outcome = @import("outcome.zig");

pub fn byte(connection: usize, place: usize) u8 {
    var x: u64 = (@as(u64, connection + 1) << 40) ^ place;
    x *%= 0x9e3779b97f4a7c15;
    x ^= x >> 29;
    x *%= 0xbf58476d1ce4e5b9;
    x ^= x >> 32;
    return @truncate(x);
}

pub fn fill(bytes: []u8, connection: usize, place: usize) void {
    for (bytes, place..) |*b, i| b.* = byte(connection, i);
}

pub fn firstDifference(bytes: []const u8, connection: usize, place: usize) ?usize {
    for (bytes, place..) |b, i| {
        if (b != byte(connection, i)) return i - place;
    }
    return null;
}

pub const Found = struct { connection: usize, place: usize };

/// Where these bytes come from: at least 8 of them, and all of the first 32 if there are as many.
fn find(bytes: []const u8, connections: usize, around: usize) ?Found {
    const reach = 1 << 16;
    const sample = bytes[0..@min(bytes.len, 32)];
    if (sample.len < 8) return null;
    for (0..connections) |connection| {
        var place = around -| reach;
        while (place < around + reach) : (place += 1) {
            if (firstDifference(sample, connection, place) != null) continue;
            return .{ .connection = connection, .place = place };
        }
    }
    return null;
}

var text: [512]u8 = undefined;

/// Null when the bytes are those sent on this connection at this place; otherwise what is wrong with them, in words.
/// The words live until the next call.
pub fn complaint(bytes: []const u8, connection: usize, place: usize, connections: usize) ?[]const u8 {
    const at = firstDifference(bytes, connection, place) orelse return null;
    const expected = .{ place + at, connection };
    if (find(bytes[at..], connections, place + at)) |found| {
        return outcome.print(
            &text,
            "where byte {d} of connection {d} should be is byte {d} of connection {d}",
            expected ++ .{ found.place, found.connection },
        );
    }
    return outcome.print(&text, "where byte {d} of connection {d} should be is something else", expected);
}
