// Many threads give buffers and bundles back while the group works, moves between threads, and goes. Meant for the
// thread sanitizer, which sees a missing order; the address sanitizer sees what is freed too early, twice or never.

import Glibc
import KernelSupport
import TestSupport
import Testing
import UringBuffers
import UringQueue

@Suite struct ReturnStressTests {
    /// How a group ends while handles are out.
    enum End: CaseIterable, Sendable { case closed, dropped, droppedElsewhere }

    @Test(arguments: End.allCases, [8, 64])
    func everyReturnIsOrdered(end: End, capacity: Int) throws {
        try withSeed(rounds: 3) { random in
            let run = try StressRun(random: random)
            let (wrong, out) = try run.live(end: end, capacity: capacity)
            #expect(out > 0, "nothing was out when the group went: the test shows nothing")
            #expect(wrong.isEmpty, "\(wrong)")
            #expect(BufferGroup.abandonedBytes == 0)
        }
    }
}

/// A group, four threads that end what it lends, and what was counted.
private final class StressRun: @unchecked Sendable {
    // @unchecked: used by one thread at a time, which the joins of `onOtherThread` order.
    static let threads = 4
    static let bufferSize = 16
    /// Receives between two moves of the group to another thread, and such stretches.
    static let stretch = 150
    static let stretches = 6

    private let ring: BareRing
    private let pair = SocketPair()
    private let farewell = Farewell()
    private let outboxes: [Outbox]
    private var random: SplitMix64
    private var outgoing: ByteStream
    private var incoming: ByteStream
    private var lentAway = 0
    private var endedDetached = 0
    private var endedHere = 0
    private var wrong: [String] = []

    init(random: SplitMix64) throws {
        self.random = random
        outgoing = ByteStream(seed: self.random.next())
        incoming = outgoing
        ring = try BareRing()
        let places = StressRun.stretch * StressRun.stretches + 64
        outboxes = (0..<StressRun.threads).map { [farewell] _ in Outbox(capacity: places, farewell: farewell) }
    }

    /// Runs everything. Returns what was wrong, and how many buffers were out when the group went.
    func live(end: ReturnStressTests.End, capacity: Int) throws -> (wrong: [String], out: Int) {
        var group = try BufferGroup(
            ring: ring.descriptor, id: 1, capacity: capacity, bufferSize: StressRun.bufferSize)
        for stretch in 0..<StressRun.stretches {
            if stretch % 2 == 0 {
                try work(group)
            } else {
                group = try workElsewhere(group)
            }
        }
        comeHome(group)
        let out = try sendLast(group)
        farewell.announce()
        switch end {
        case .closed:
            try group.close()
            drop(group)
        case .dropped: drop(group)
        case .droppedElsewhere:
            group.detach()
            let carried = Handoff(group)
            onOtherThread { carried.end() }
        }
        farewell.complete()
        for outbox in outboxes { outbox.join() }
        return (wrong, out)
    }

    private func drop(_ group: consuming BufferGroup) {}

    /// On a thread of its own, with a handle that ends here while nobody owns the group.
    private func workElsewhere(_ group: consuming BufferGroup) throws -> BufferGroup {
        let held = try receiveBuffer(group)
        endedDetached += 1
        group.detach()
        let carried = Handoff(group)
        let kept = Handoff(held)
        var failure: (any Error)?
        let other = OtherThread { [self] in
            let group = carried.take()
            group.attach()
            do { try work(group) } catch { failure = error }
            group.detach()
            carried.put(group)
        }
        kept.end()
        other.join()
        if let failure { throw failure }
        let back = carried.take()
        back.attach()
        return back
    }

    private func work(_ group: borrowing BufferGroup) throws {
        for _ in 0..<StressRun.stretch {
            var parcel = try receive(group, bundle: random.oneIn(2))
            if random.oneIn(8) {
                endedHere += parcel.buffers
                parcel.end()
            } else {
                lentAway += parcel.buffers
                outboxes[random.below(StressRun.threads)].send(parcel)
            }
            if random.oneIn(16) { group.refill() }
        }
    }

    /// Waits until everything is home, and looks at the books.
    private func comeHome(_ group: borrowing BufferGroup) {
        while group.lent > 0 {
            group.refill()
            sched_yield()
        }
        let books = group.books()
        wrong += books.violations
        let returned = lentAway + endedDetached
        if books.returned != returned { wrong.append("\(books.returned) returned of \(returned)") }
        let ended = outboxes.reduce(0) { $0 + $1.ended }
        if ended != lentAway { wrong.append("\(ended) ended elsewhere of \(lentAway)") }
        if books.recycled != endedHere { wrong.append("\(books.recycled) recycled of \(endedHere)") }
    }

    /// The last parcel of each thread ends while the group goes, that of the first thread afterwards. Returns how many
    /// buffers that are.
    private func sendLast(_ group: borrowing BufferGroup) throws -> Int {
        var out = 0
        for (number, outbox) in outboxes.enumerated() {
            var parcel = Parcel(try receiveBuffer(group))
            parcel.moment = number == 0 ? .afterTheGroupWent : .whenTheGroupGoes
            parcel.isLast = true
            out += 1
            outbox.send(parcel)
        }
        return out
    }

    private func receiveBuffer(_ group: borrowing BufferGroup) throws -> ProvidedBuffer {
        var parcel = try receive(group, bundle: false)
        return parcel.buffer.take()!
    }

    /// One receive that got something, its bytes checked: whatever a thread wrote there before must be over.
    private func receive(_ group: borrowing BufferGroup, bundle: Bool) throws -> Parcel {
        while true {
            if incoming.position == outgoing.position {
                pair.write(outgoing.next(1 + random.below(6 * StressRun.bufferSize)))
            }
            ring.receive(from: pair.reader, into: group, multishot: false, bundle: bundle, tag: 1)
            switch group.take(try ring.completions(atLeast: 1)[0]) {
            case .buffer(let buffer):
                check(incoming.matches(buffer))
                return Parcel(buffer)
            case .bundle(let bundle):
                check(unsafe matches(bundle))
                return Parcel(bundle)
            case .starved:
                group.refill()
                sched_yield()
            default: throw UnexpectedOutcome()
            }
        }
    }

    @unsafe
    private func matches(_ bundle: borrowing BufferBundle) -> Bool {
        // Safe: reads the bundle's own bytes.
        unsafe withUnsafeTemporaryAllocation(of: iovec.self, capacity: bundle.count) { vectors in
            _ = unsafe bundle.gather(into: vectors)
            return unsafe vectors.reduce(true) { good, vector in
                let bytes = unsafe UnsafeRawBufferPointer(start: vector.iov_base, count: vector.iov_len)
                return unsafe incoming.matches(Array(bytes)) && good
            }
        }
    }

    private func check(_ isNext: Bool) {
        if !isNext { wrong.append("wrong bytes before \(incoming.position)") }
    }
}

private struct UnexpectedOutcome: Error {}
