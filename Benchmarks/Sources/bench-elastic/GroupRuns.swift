// A burst and back in one group: what is resident when, and how long the owner's thread was busy with it.

import Glibc
import UringBuffers

enum Way: String, CaseIterable {
    case automatic
    case once = "trim()"
    case never = "off"
}

struct GroupResult {
    var low = 0
    var peak = 0
    /// Right after the burst's buffers came back; then, where trim() is called, right after its first call.
    var back = 0
    var first = 0
    /// How many buffers are kept published after the burst.
    var window = 0
    var trimmedAtOnce = 0
    var trimMicroseconds = 0.0
    /// Until resident memory was within a tenth of the low load's: messages, refills, and seconds of this traffic.
    var messages: Int?
    var refills: Int?
    var seconds: Double?
    var end = 0
    /// Of the refills after the burst.
    var plain = Pauses()
    var trimming = Pauses()
    var curve: [(messages: Int, resident: Int)] = []

    var isBack: Bool { isWithinATenth(end, of: low) }
}

/// A tenth, or a page where a tenth is less than that.
func isWithinATenth(_ bytes: Int, of low: Int) -> Bool { bytes <= low + max(low / 10, PageMemory.pageSize) }

func run(_ shape: Shape, _ way: Way, rounds: Int) throws -> GroupResult {
    let load = try GroupLoad(shape, automatic: way == .automatic)
    var result = GroupResult()
    try load.calm(rounds: 300)
    result.low = load.group.residentBytes
    result.peak = try load.burst()
    result.back = load.group.residentBytes
    result.window = load.group.window
    if way == .once {
        load.group.trim()
        result.first = load.group.residentBytes
    }
    (load.plain, load.trimming) = (Pauses(), Pauses())
    let (messages, refills, start) = (load.messages, load.refills, nanoseconds(CLOCK_MONOTONIC))
    var looking = 0
    var number = 0
    try load.calm(rounds: rounds) {
        number += 1
        // Again, when traffic had time to use up what the burst had published.
        if way == .once, number == rounds / 2 {
            var pause = Pauses()
            result.trimmedAtOnce = pause.measure { load.group.trim() }
            result.trimMicroseconds = Double(pause.cpu[0]) / 1000
        }
        guard number % 16 == 0 else { return }
        let now = nanoseconds(CLOCK_MONOTONIC)
        let resident = load.group.residentBytes
        result.curve.append((load.messages - messages, resident))
        if !isWithinATenth(resident, of: result.low) {
            // Not yet, or not any more.
            (result.messages, result.refills, result.seconds) = (nil, nil, nil)
        } else if result.messages == nil {
            (result.messages, result.refills) = (load.messages - messages, load.refills - refills)
            result.seconds = Double(now - start - looking) / 1e9
        }
        looking += nanoseconds(CLOCK_MONOTONIC) - now
    }
    result.end = load.group.residentBytes
    (result.plain, result.trimming) = (load.plain, load.trimming)
    _ = try load.finish()
    return result
}
