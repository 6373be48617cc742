// Runs a script on ring-shaped memory and on the model, and compares after every command.

import RingArithmetic

/// Sixteen bytes in the shape of a ring entry; the last two of slot 0 are the tail.
struct Entry {
    var label: UInt64
    var length: UInt32
    var bid: UInt16
    var tail: UInt16
}

/// The ring under test: indices of RingArithmetic over real memory. Exactly as large as the ring, so that the address
/// sanitizer sees a slot outside.
@safe
public struct RingRun: ~Copyable {
    private let capacity: RingCapacity
    private let memory: UnsafeMutableBufferPointer<Entry>
    private var head: RingIndex
    private var tail: RingIndex
    private var model: WideModel

    private init(_ script: Script, planted: Bool) {
        capacity = try! RingCapacity(1 << script.exponent)
        unsafe memory = .allocate(capacity: capacity.entries)
        unsafe memory.initialize(repeating: Entry(label: 0, length: 0, bid: 0, tail: 0))
        head = RingIndex(UInt16(script.start))
        tail = head
        model = WideModel(entries: 1 << script.exponent, start: script.start, planted: planted)
        unsafe memory[0].tail = tail.rawValue
    }

    deinit { unsafe memory.deallocate() }

    /// Runs one input. Traps, with a sentence, where ring and model disagree. Returns the commands that ran.
    @discardableResult
    public static func run(_ bytes: [UInt8], planted: Bool = false) -> Int {
        guard let script = Script(bytes) else { return 0 }
        var run = RingRun(script, planted: planted)
        for command in script.commands {
            run.apply(command)
            run.checkConservation()
        }
        return script.commands.count
    }

    private mutating func apply(_ command: Command) {
        switch command {
        case .add(let count): for _ in 0..<min(count, model.room) { add() }
        case .publish:
            model.publish()
            unsafe memory[0].tail = tail.rawValue
        case .consume(let count): for _ in 0..<min(count, model.visible) { consume() }
        case .slotRun(let count): walk(min(count, model.available))
        case .overrun(let excess): overrun(excess)
        }
    }

    private mutating func add() {
        let slot = tail.slot(in: capacity)
        let label = model.add()
        unsafe memory[slot].label = label
        unsafe memory[slot].length = UInt32(truncatingIfNeeded: label)
        unsafe memory[slot].bid = UInt16(truncatingIfNeeded: label)
        tail.advance(by: 1)
    }

    /// The kernel's part: it sees the tail in memory and nothing else.
    private mutating func consume() {
        let seen = unsafe RingIndex(memory[0].tail)
        require(seen.distance(from: head) > 0, "the tail in memory is \(seen), nothing to consume at \(head)")
        let entry = unsafe memory[head.slot(in: capacity)]
        let expected = model.consume()
        require(entry.label == expected, "entry \(entry.label) was consumed, published was \(expected)")
        head = head.advanced(by: 1)
    }

    private func walk(_ count: Int) {
        let run = SlotRun(start: head, count: count, capacity: capacity)
        require(run.count == count, "\(run) has not \(count) slots")
        require(run.wraps == (model.slot(of: model.consumed) + count > capacity.entries), "\(run) from \(head)")
        var expected = model.slots(count: count).makeIterator()
        var position = model.consumed
        for part in [run.first, run.second] {
            for slot in part {
                require(expected.next() == slot, "slot \(slot) of \(count) from \(head) in \(capacity)")
                let label = model.label(of: position)
                require(unsafe memory[slot].label == label, "slot \(slot) holds another entry than \(label)")
                position += 1
            }
        }
        require(expected.next() == nil, "\(run) ends early")
    }

    /// A tail further on than the ring is long must never pass as a fill.
    private func overrun(_ excess: Int) {
        let distance = capacity.entries + excess
        guard distance < 65536 else { return }
        let level = FillLevel(head: head, tail: head.advanced(by: UInt16(distance)), capacity: capacity)
        require(level == nil, "a distance of \(distance) passed as a fill of \(capacity)")
    }

    /// Nothing appears and nothing is lost: indices, fill, free entries and labels add up.
    private func checkConservation() {
        require(Int(head.rawValue) == model.index(of: model.consumed), "head \(head), model \(model.consumed)")
        require(Int(tail.rawValue) == model.index(of: model.added), "tail \(tail), model \(model.added)")
        require(unsafe Int(memory[0].tail) == model.index(of: model.published), "the tail in slot 0 was overwritten")
        require((0...capacity.entries).contains(model.available), "the model itself lost an entry")
        guard let level = FillLevel(head: head, tail: tail, capacity: capacity) else {
            fatalError("FINDING: no fill for head \(head), tail \(tail), capacity \(capacity)")
        }
        require(level.available == model.available, "\(level.available) available, model \(model.available)")
        require(level.available + level.free == capacity.entries, "available and free do not add up")
        require(level.isEmpty == (model.available == 0), "empty at \(model.available)")
        require(level.isFull == (model.room == 0), "full with room for \(model.room)")
    }

    private func require(_ holds: Bool, _ text: @autoclosure () -> String) {
        if !holds { fatalError("FINDING: \(text())") }
    }
}
