// Memory that is kept for ever, because the kernel may still use it.

internal import Synchronization

/// What could not be freed. Chained, so that whoever looks for it finds it: a debugger, a leak checker.
enum Abandoned {
    @safe
    private struct Node {
        var memory: UnsafeMutableRawPointer
        var next: UInt
    }

    static let bytes = Atomic<Int>(0)
    private static let first = Atomic<UInt>(0)

    /// A mapping that stays although nobody uses it.
    static func count(_ byteCount: Int) { bytes.add(byteCount, ordering: .relaxed) }

    /// Keeps an object, likewise.
    static func keep(_ object: AnyObject, byteCount: Int) {
        unsafe keep(Unmanaged.passRetained(object).toOpaque(), byteCount: byteCount)
    }

    /// Keeps `memory`, which holds on to `byteCount` bytes of buffers.
    @unsafe
    static func keep(_ memory: UnsafeMutableRawPointer, byteCount: Int) {
        bytes.add(byteCount, ordering: .relaxed)
        let node = UnsafeMutablePointer<Node>.allocate(capacity: 1)
        var seen = first.load(ordering: .relaxed)
        unsafe node.initialize(to: Node(memory: memory, next: seen))
        while true {
            let (exchanged, original) = first.compareExchange(
                expected: seen, desired: UInt(bitPattern: node), ordering: .releasing)
            if exchanged { return }
            seen = original
            // Safe: nobody else has seen the node yet.
            unsafe node.pointee.next = seen
        }
    }
}
