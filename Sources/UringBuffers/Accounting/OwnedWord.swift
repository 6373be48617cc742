// Numbers that one thread writes and any may read, and the word that tells readers of steps that change several.

public import Synchronization

/// A number of the owner's that other threads may read: the same loads and stores as for a plain one, and never torn.
@frozen @usableFromInline
struct OwnedWord: ~Copyable {
    @usableFromInline let word: Atomic<Int>

    @inlinable init(_ value: Int = 0) { word = Atomic(value) }

    /// Set by the owner only.
    @inlinable var value: Int {
        get { word.load(ordering: .relaxed) }
        nonmutating set { word.store(newValue, ordering: .relaxed) }
    }

    /// Sets it behind all that the owner did before. Owner only.
    @inlinable func publish(_ value: Int) { word.store(value, ordering: .releasing) }

    /// Owner only. Two moves and an addition, nothing atomic about all three together.
    @inlinable func add(_ count: Int) { value = value &+ count }

    /// For readers: everything that they read later is at least as new.
    func read() -> Int { word.load(ordering: .acquiring) }
}

/// Odd while the owner changes several numbers that belong together. Steps do not nest.
@usableFromInline
struct SequenceWord: ~Copyable {
    private let word = OwnedWord()

    init() {}

    func begin() {
        word.add(1)
        // What the step stores does not become visible before this.
        atomicMemoryFence(ordering: .releasing)
    }

    func end() { word.publish(word.value &+ 1) }

    /// What to compare with later; `nil` in the middle of a step.
    func read() -> Int? {
        let value = word.read()
        return value & 1 == 0 ? value : nil
    }

    /// Whether no step was begun since `value` was read. What was read in between must have been read with ``OwnedWord/read()``.
    func isStill(_ value: Int) -> Bool { word.value == value }
}
