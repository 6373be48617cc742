// Proves that the steady state allocates nothing: counts malloc and its family around a million buffers.

import CAllocationCounter
import CMicroFloor
import Glibc
import UringBuffers

micro_line_buffered()
var failures = 0

@MainActor func report(_ name: String, buffers: Int, allocations: UInt64) {
    let perMillion = Double(allocations) * 1e6 / Double(buffers)
    print("  \(allocations == 0 ? "ok   " : "FAIL ") \(name): \(perMillion) allocations per million buffers")
    if allocations != 0 { failures += 1 }
}

/// Allocations while `body` runs. A first run, not counted, brings the caller to its steady state.
func allocations(_ body: () throws -> Void) rethrows -> UInt64 {
    try body()
    let before = allocation_counter_value()
    try body()
    return allocation_counter_value() - before
}

let million = 1_000_000
do {
    let before = allocation_counter_value()
    let made = allocation_counter_control(1000)
    let seen = allocation_counter_value() - before
    print("control in C: \(seen) of \(made) deliberate allocations counted")
    if seen != made { failures += 1 }

    // An array and a class instance for each step, through Swift's own allocator.
    let beforeSwift = allocation_counter_value()
    for step in 0..<1000 { withExtendedLifetime(Box(step)) {} }
    let seenSwift = allocation_counter_value() - beforeSwift
    print("control in Swift: \(seenSwift) allocations counted for 1000 class instances")
    if seenSwift < 1000 { failures += 1 }

    var driver = try Driver(capacity: 4096)
    report("take, read, recycle, refill", buffers: million, allocations: allocations { driver.single(million) })
    report(
        "bundles taken apart", buffers: million, allocations: allocations { driver.bundlesTakenApart(million) })
    report(
        "bundles joined, cut and dropped", buffers: million,
        allocations: allocations { driver.bundlesKeptWhole(million) })
    report("handle to token and back", buffers: million, allocations: allocations { driver.tokens(million) })
    let hand = HandOver()
    report(
        "returned on another thread", buffers: million,
        allocations: allocations { driver.remote(million, through: hand) })
    hand.stop()
    try driver.finish()

    let traffic = try Traffic()
    let rounds = 20_000
    report(
        "real traffic, AF_UNIX", buffers: rounds * Traffic.bytes / 4096,
        allocations: try allocations { try traffic.exchange(rounds) })
    let books = traffic.group.books()
    guard books.balanced, books.states.lent == 0 else { fatalError("lent \(books.states.lent): \(books.violations)") }
} catch {
    print("error: \(error)")
    exit(1)
}
exit(failures == 0 ? 0 : 1)

final class Box {
    let value: Int
    @inline(never)
    init(_ value: Int) { self.value = value }
}
