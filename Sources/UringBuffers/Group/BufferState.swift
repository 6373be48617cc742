// The life of one buffer as data: its states, and which may follow which.

public import Synchronization

/// Where a buffer is in its life.
///
///         publish              select, take             end of the handle
///  spare ─────────▶ available ─────────────▶ lent ──────────────────────────▶ spare       (owner's thread)
///                       │                     │ ▲
///                       │          intoToken  ▼ │ reclaim                 lent ─▶ returning ─▶ spare
///                       │                   adopted                           (any thread)  (drained)
///                       │            lease    ▼ │ released
///                       │                   sending
///                       │ a part
///                       ▼          the rest
///                    partial ─────────────▶ divided ─▶ spare, returning       (its last segment ends)
@frozen
public enum BufferState: UInt8, Hashable, Sendable, CaseIterable, Codable {
    /// Free and not published: held by the application side of the group.
    case spare = 0
    /// Published: the kernel may select it.
    case available = 1
    /// An application handle owns it.
    case lent = 2
    /// Another stack owns it through a token.
    case adopted = 3
    /// On the return stack, waiting for the owner.
    case returning = 4
    /// Incremental: partly filled, and still the kernel's. Segments of it may be out.
    case partial = 5
    /// Incremental: the kernel is done with it, and several segments own it together.
    case divided = 6
    /// Lent to a zero-copy send.
    case sending = 7

    /// Every legal step. Each step checks the state it starts from; debug builds check it against this table as well.
    public static let transitions: [BufferState: Set<BufferState>] = [
        .spare: [.available],
        .available: [.lent, .spare, .partial],
        .partial: [.partial, .lent, .divided],
        .lent: [.spare, .adopted, .returning, .sending],
        .divided: [.spare, .returning],
        .adopted: [.lent],
        .sending: [.lent],
        .returning: [.spare],
    ]

    /// What to do when a buffer was expected in another state than this one.
    var advice: String {
        switch self {
        case .spare: "it was returned already: a buffer can be given back once"
        case .available: "the kernel owns it: wait for a completion that names it"
        case .lent: "a handle owns it: was one completion taken twice?"
        case .adopted: "a token owns it: reclaim the token first"
        case .partial: "the kernel goes on filling it: wait for a completion without IORING_CQE_F_BUF_MORE"
        case .divided: "segments of it are still out: it goes back when the last of them ends"
        case .sending: "a zero-copy send reads it: wait for the notification"
        case .returning: "it was returned on another thread already: a buffer can be given back once"
        }
    }
}

/// What the group knows of one buffer, eight bytes. It belongs to whoever owns the buffer.
@frozen @usableFromInline
struct BufferRecord: ~Copyable {
    /// Bytes filled by the kernel, while a chain holds the buffer; the number of its token, while it is adopted.
    @usableFromInline var length: UInt32 = 0
    /// The slot where it was last published.
    @usableFromInline var slot: UInt16 = 0
    /// A ``BufferState``. Atomic only because the owner's books look at buffers that others own; relaxed everywhere,
    /// since the return stack orders everything that matters.
    @usableFromInline let state = Atomic<UInt8>(BufferState.spare.rawValue)

    @usableFromInline init() {}

    @inlinable
    func isIn(_ expected: BufferState) -> Bool { state.load(ordering: .relaxed) == expected.rawValue }

    @inlinable
    func enter(_ next: BufferState) {
        assert(mayEnter(next), "an illegal step")
        state.store(next.rawValue, ordering: .relaxed)
    }

    @usableFromInline
    func mayEnter(_ next: BufferState) -> Bool { BufferState.transitions[currentState]?.contains(next) ?? false }

    /// Enters `next` if the buffer is in `expected`; of several threads that try, one succeeds.
    func exchange(_ expected: BufferState, for next: BufferState) -> Bool {
        state.compareExchange(
            expected: expected.rawValue, desired: next.rawValue, ordering: .acquiringAndReleasing
        ).exchanged
    }

    var currentState: BufferState {
        // Never nil: only `enter` writes it.
        BufferState(rawValue: state.load(ordering: .relaxed))!
    }
}
