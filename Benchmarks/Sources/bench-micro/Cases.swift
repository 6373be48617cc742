// What is measured against what.

import CMicroFloor
import UringBuffers

enum Loop: String, CaseIterable {
    case inOrder = "in order"
    case shuffled = "shuffled"
    case unread = "take and drop, no reads"
    case span = "var b, b.bytes"
    case letBound = "let b, b.bytes (the trap)"
}

struct Case {
    let capacity: Int
    let loop: Loop
    var policy = RefillPolicy.adaptive
    var level = AccountingLevel.counters

    static let bufferSize = 4096

    var name: String {
        "\(capacity) × 4 KiB, \(loop.rawValue)" + (policy == .everything ? ", FIFO" : "")
            + (level == .counters ? "" : ", \(level)")
    }

    /// What `--check` demands of the ratio of medians; `nil` is information only.
    var limit: Double? {
        guard loop == .inOrder, policy == .adaptive, level != .forensic else { return nil }
        // Timed: 2.5 times what counters may cost.
        return (capacity == 256 ? 1.6 : 1.1) * (level == .timed ? 2.5 : 1)
    }

    static let all: [Case] =
        [256, 4096, 32768].flatMap { capacity in
            [Case(capacity: capacity, loop: .inOrder), Case(capacity: capacity, loop: .shuffled)]
        } + [
            Case(capacity: 4096, loop: .inOrder, policy: .everything),
            Case(capacity: 32768, loop: .inOrder, policy: .everything),
            Case(capacity: 256, loop: .inOrder, level: .timed), Case(capacity: 4096, loop: .inOrder, level: .timed),
            Case(capacity: 256, loop: .shuffled, level: .timed), Case(capacity: 256, loop: .inOrder, level: .forensic),
            Case(capacity: 256, loop: .unread), Case(capacity: 256, loop: .span), Case(capacity: 256, loop: .letBound),
        ]

    func run(rounds: Int, count: Int, seed: UInt64) throws -> Row {
        var played = try PlayedRing(capacity: capacity, bufferSize: Case.bufferSize, policy: policy, level: level)
        played.fillAll(bufferSize: Case.bufferSize)
        var floor = micro_floor()
        guard micro_floor_create(&floor, UInt32(capacity), UInt32(Case.bufferSize)) == 0 else {
            throw Failure("no memory for the floor's pool")
        }
        defer { micro_floor_destroy(&floor) }
        let order = Case.randomOrder(seed: seed)
        let held = UnsafeMutablePointer<ProvidedBuffer>.allocate(capacity: Int(MICRO_HELD))
        defer { held.deallocate() }
        if loop == .shuffled {
            played.hold(held)
            micro_floor_hold(&floor)
        }
        var row = Row(name: name)
        // Round -1 warms both sides up. Who goes first alternates.
        for round in -1..<rounds {
            var times = (0.0, 0.0)
            if round % 2 == 0 {
                times.0 = try ours(&played, count, held, order)
                times.1 = try theirs(&floor, count, order)
            } else {
                times.1 = try theirs(&floor, count, order)
                times.0 = try ours(&played, count, held, order)
            }
            guard round >= 0 else { continue }
            row.ours.values.append(times.0)
            row.floor.values.append(times.1)
        }
        if loop == .shuffled {
            held.deinitialize(count: Int(MICRO_HELD))
            micro_floor_release(&floor)
        }
        try played.finish()
        return row
    }

    private func ours(
        _ played: inout PlayedRing, _ count: Int, _ held: UnsafeMutablePointer<ProvidedBuffer>, _ order: [UInt8]
    ) throws -> Double {
        let start = micro_now()
        let sums =
            switch loop {
            case .inOrder: played.inOrder(count)
            case .shuffled: played.shuffled(count, held: held, order: order)
            case .unread: played.unread(count)
            case .span: played.inOrderSpan(count)
            case .letBound: played.inOrderLet(count)
            }
        let end = micro_now()
        try check(sums, count, "ours")
        return Double(end - start) / Double(count)
    }

    private func theirs(_ floor: inout micro_floor, _ count: Int, _ order: [UInt8]) throws -> Double {
        let start = micro_now()
        let sums =
            switch loop {
            case .shuffled: micro_floor_shuffled(&floor, UInt64(count), order)
            case .unread: micro_floor_unread(&floor, UInt64(count))
            default: micro_floor_in_order(&floor, UInt64(count))
            }
        let end = micro_now()
        try check(sums, count, "floor")
        return Double(end - start) / Double(count)
    }

    /// Each buffer's words add up to the pattern and its bid: a wrong buffer or a wrong byte shows.
    private func check(_ sums: micro_sums, _ count: Int, _ who: String) throws {
        // At the forensic level what was written once is overwritten when the buffer goes back.
        guard loop != .unread, level != .forensic else { return }
        guard sums.read == UInt64(count) &* MICRO_PATTERN &+ sums.bids else {
            throw Failure("\(name), \(who): the bytes that were read are not those that were written")
        }
    }

    private static func randomOrder(seed: UInt64) -> [UInt8] {
        var state = seed
        return (0..<Int(MICRO_ORDER)).map { _ in
            // SplitMix64.
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return UInt8((z ^ (z >> 31)) % UInt64(MICRO_HELD))
        }
    }
}
