// Buffers and bundles on their way to a thread that ends them, with nothing that orders the way back.

import Glibc
import KernelSupport
import Synchronization
import UringBuffers

/// One buffer or bundle, and when it may end.
struct Parcel: ~Copyable {
    enum Moment { case atOnce, whenTheGroupGoes, afterTheGroupWent }

    var buffer: ProvidedBuffer?
    var bundle: BufferBundle?
    let buffers: Int
    var moment = Moment.atOnce
    var isLast = false

    init(_ buffer: consuming ProvidedBuffer) {
        self.buffer = consume buffer
        buffers = 1
    }

    init(_ bundle: consuming BufferBundle) {
        buffers = bundle.count
        self.bundle = consume bundle
    }

    /// Writes over all the bytes and gives everything back: a later reader that is not ordered after this is a race.
    mutating func end() {
        if let buffer = buffer.take() { Parcel.end(buffer) }
        if var bundle = bundle.take() {
            // Half of the bundles go back in two parts.
            if bundle.count > 1, bundle.byteCount % 2 == 0, let first = bundle.next() { Parcel.end(first) }
            Parcel.end(bundle)
        }
    }

    private static func end(_ buffer: consuming ProvidedBuffer) {
        var buffer = buffer
        var bytes = buffer.mutableBytes
        for offset in 0..<bytes.byteCount { bytes.storeBytes(of: 0xee, toByteOffset: offset, as: UInt8.self) }
    }

    private static func end(_ bundle: consuming BufferBundle) {
        // Safe: the addresses are the bundle's while it is here.
        unsafe withUnsafeTemporaryAllocation(of: iovec.self, capacity: bundle.count) { vectors in
            _ = unsafe bundle.gather(into: vectors)
            unsafe vectors.forEach { vector in unsafe memset(vector.iov_base, 0xee, vector.iov_len) }
        }
        bundle.recycle()
    }
}

/// When the group goes. Read and written relaxed, so that nothing but the return stack orders the last ends.
final class Farewell: Sendable {
    private let isGoing = Atomic<Bool>(false)
    private let isGone = Atomic<Bool>(false)

    func announce() { isGoing.store(true, ordering: .relaxed) }
    func complete() { isGone.store(true, ordering: .relaxed) }

    func wait(until moment: Parcel.Moment) {
        switch moment {
        case .atOnce: return
        case .whenTheGroupGoes: while !isGoing.load(ordering: .relaxed) { sched_yield() }
        case .afterTheGroupWent: while !isGone.load(ordering: .relaxed) { sched_yield() }
        }
    }
}

/// A thread that ends what it is sent.
///
/// Each place is used once, so the sender never waits for it, and nothing that it does comes before what the sender does
/// next: an acknowledgement would order the buffers' return by itself and hide a return stack that does not.
@safe
final class Outbox: @unchecked Sendable {
    // @unchecked: the count's release and acquire order the sending of a place before its use; each is used once.
    private let places: UnsafeMutablePointer<Parcel>
    private let capacity: Int
    private let sent = Atomic<Int>(0)
    private var thread: OtherThread?
    /// Buffers that the thread ended. Plain memory, written before each end: to look at it is no race only for who took
    /// those buffers home, and only if the return stack orders what it should.
    private(set) var ended = 0

    init(capacity: Int, farewell: Farewell) {
        self.capacity = capacity
        unsafe places = .allocate(capacity: capacity)
        thread = OtherThread { [self] in endEverything(farewell) }
    }

    // Safe: the thread was joined, and it moved every parcel out.
    deinit { unsafe places.deallocate() }

    func send(_ parcel: consuming Parcel) {
        let next = sent.load(ordering: .relaxed)
        precondition(next < capacity, "more parcels than places")
        // Safe: the place is not yet the other thread's.
        unsafe (places + next).initialize(to: parcel)
        sent.store(next + 1, ordering: .releasing)
    }

    /// Waits until the thread has ended the parcel that was sent as the last one.
    func join() {
        thread?.join()
        thread = nil
    }

    private func endEverything(_ farewell: Farewell) {
        var next = 0
        while true {
            guard next < sent.load(ordering: .acquiring) else {
                sched_yield()
                continue
            }
            // Safe: it was initialised before the count was raised.
            var parcel = unsafe (places + next).move()
            next += 1
            farewell.wait(until: parcel.moment)
            ended += parcel.buffers
            parcel.end()
            if parcel.isLast { return }
        }
    }
}
