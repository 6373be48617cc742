// How many buffers are published: all of them, or a window that follows the load.

internal import RingArithmetic

/// How a group decides how many buffers to keep published.
@frozen
public enum RefillPolicy: String, Hashable, Sendable, CaseIterable, Codable {
    /// A window of the warmest buffers that grows at once when the kernel comes near its end and shrinks slowly.
    /// Buffers outside the window stay untouched, so memory follows the load.
    case adaptive
    /// Every free buffer, first in first out: the classic way. The whole pool becomes resident.
    case everything
}

/// The window of the adaptive policy, driven by how low the published count fell between refills.
@usableFromInline
struct RefillWindow: ~Copyable {
    /// Refilling before this many are left is not worth a publish.
    @usableFromInline private(set) var lowMark: Int
    /// How many buffers to keep published.
    @usableFromInline var size: Int { sizeWord.value }
    private let sizeWord: OwnedWord
    let isAdaptive: Bool
    private let capacity: Int
    private var calmRefills = 0
    private var drySpell: DrySpell?

    /// Depth alone grows the window to one bundle's maximum; beyond that only starvation does.
    static let comfortable = 512
    static let smallest = 64
    /// Refills in a row that used less than a quarter of the window before it shrinks by an eighth.
    static let calmBeforeShrinking = 256

    /// All requests that starved while the ring stood still.
    private struct DrySpell {
        let head: RingIndex
        let sizeBefore: Int
        var starved: Int
    }

    init(policy: RefillPolicy, capacity: Int) {
        self.capacity = capacity
        isAdaptive = policy == .adaptive
        sizeWord = OwnedWord()
        lowMark = 0
        setSize(isAdaptive ? Swift.min(RefillWindow.smallest, capacity) : capacity)
    }

    /// Adapts to what the kernel left over since the last refill.
    mutating func adapt(available: Int) {
        guard isAdaptive else { return }
        if available < size / 4 {
            calmRefills = 0
            if size < RefillWindow.comfortable { setSize(size * 2) }
        } else if available >= size - size / 4 {
            calmRefills += 1
            if calmRefills >= RefillWindow.calmBeforeShrinking {
                calmRefills = 0
                setSize(Swift.max(size - size / 8, Swift.min(RefillWindow.smallest, capacity)))
            }
        } else {
            calmRefills = 0
        }
    }

    /// Grows at once: the kernel found nothing at `head` although buffers were free. Doubles once for a dry spell, and
    /// on while more requests starved in it than that makes room for: a thousand that starve together want a thousand
    /// buffers, not a thousand doublings.
    mutating func starved(at head: RingIndex) {
        guard isAdaptive else { return }
        calmRefills = 0
        var spell = DrySpell(head: head, sizeBefore: size, starved: 0)
        if let drySpell, drySpell.head == head { spell = drySpell }
        spell.starved += 1
        drySpell = spell
        if spell.starved == 1 || spell.sizeBefore + spell.starved > size { setSize(size * 2) }
    }

    private mutating func setSize(_ wanted: Int) {
        sizeWord.value = Swift.min(wanted, capacity)
        lowMark = Swift.max(1, size / 2)
    }
}
