// Every 16-bit head × every 16-bit tail × all sixteen capacities: 2^36 triples, against wide integers.
// Covers: distance, advance, slot, FillLevel, SlotRun for each of them. Does not cover: ring memory.
// Exits with 1 at the first disagreement and prints it.

import Glibc
import RingArithmetic

/// One triple. The model divides and compares signed 64-bit integers; it uses no 16-bit and no wrapping operation.
@inline(__always)
func agrees(head: Int, tail: Int, capacity: RingCapacity, entries: Int) -> Bool {
    let distance = tail >= head ? tail - head : tail + 65536 - head
    let from = RingIndex(UInt16(truncatingIfNeeded: head))
    let to = RingIndex(UInt16(truncatingIfNeeded: tail))
    guard Int(to.distance(from: from)) == distance,
        from.advanced(by: UInt16(truncatingIfNeeded: distance)) == to,
        to.slot(in: capacity) == tail % entries
    else { return false }
    guard let level = FillLevel(head: from, tail: to, capacity: capacity) else { return distance > entries }
    guard distance <= entries, level.available == distance, level.free == entries - distance,
        level.isEmpty == (distance == 0), level.isFull == (distance == entries)
    else { return false }
    let run = SlotRun(start: from, count: distance, capacity: capacity)
    let lower = head % entries
    let overhang = lower + distance - entries
    return run.first.lowerBound == lower && run.first.upperBound == (overhang > 0 ? entries : lower + distance)
        && run.second.lowerBound == 0 && run.second.upperBound == (overhang > 0 ? overhang : 0)
        && run.count == distance && run.wraps == (overhang > 0)
}

/// The first tail for which the row of one head disagrees.
@inline(never)
func firstDisagreement(head: Int, capacity: RingCapacity, entries: Int) -> Int? {
    for tail in 0..<65536 where !agrees(head: head, tail: tail, capacity: capacity, entries: entries) { return tail }
    return nil
}

let clock = ContinuousClock()
let start = clock.now
var triples: UInt64 = 0
for exponent in 0..<16 {
    let entries = 1 << exponent
    let capacity = try RingCapacity(entries)
    let began = clock.now
    for head in 0..<65536 {
        if let tail = firstDisagreement(head: head, capacity: capacity, entries: entries) {
            print("MISMATCH head \(head) tail \(tail) capacity \(entries)")
            exit(1)
        }
        triples += 65536
    }
    print("capacity \(entries): all 2^32 pairs agree, \(clock.now - began)")
    // Progress must show also in a pipe.
    fflush(nil)
}
guard triples == 1 << 36 else {
    print("only \(triples) triples were compared")
    exit(1)
}
print("arithmetic-exhaustive: \(triples) triples agree, \(clock.now - start)")
