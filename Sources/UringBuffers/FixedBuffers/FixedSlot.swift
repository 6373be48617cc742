// What a slot of a fixed-buffer table holds, as a value that requests name.

internal import Synchronization

/// Memory in a slot of a ``FixedBufferTable``: what ``FixedBufferTable/register(_:buffers:in:replacing:)`` returns, and
/// what a request names instead of a bare number.
///
/// It stands for one registration. When the slot is cleared or gets other memory, this value is no longer current, and
/// requests that name it are refused; so are requests whose bytes lie elsewhere (``FixedRefusal``). A copy keeps no memory
/// alive. Any thread.
public struct FixedSlot: Sendable {
    let registration: FixedRegistration

    /// The number of the slot, 0..<``FixedBufferTable/slots``: the `buf_index` of a request.
    public var index: Int { registration.index }
    /// Bytes in the slot.
    public var byteCount: Int { registration.byteCount }
    /// Whether the slot still holds this memory. O(1), no system call.
    public var isCurrent: Bool { registration.isCurrent.load(ordering: .acquiring) }

    /// Why these bytes cannot be used through the slot; `nil` when they can.
    func refusal(of start: UInt, count: Int, in slab: UInt64) -> FixedRefusal? {
        guard isCurrent else { return .slotEnded }
        guard slab == registration.slab, start >= registration.start else { return .otherMemory }
        let offset = start - registration.start
        let end = offset.addingReportingOverflow(UInt(count))
        return end.overflow || end.partialValue > UInt(registration.byteCount) ? .otherMemory : nil
    }
}

extension FixedSlot: Hashable {
    /// Whether both stand for the same registration.
    public static func == (a: FixedSlot, b: FixedSlot) -> Bool { a.registration === b.registration }
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(registration)) }
}

extension FixedSlot: CustomStringConvertible {
    public var description: String {
        "slot \(index), \(byteCount) bytes, \(isCurrent ? "current" : "no longer current")"
    }
}

/// Why a request that names a slot is not passed on. Without this the kernel would answer `EFAULT` at best.
public enum FixedRefusal: String, Hashable, Sendable, CaseIterable {
    /// The bytes are not in the memory that was registered, such as those of another group.
    case otherMemory
    /// The slot was cleared, or holds other memory now.
    case slotEnded

    /// A sentence that says what to do.
    public var reason: String {
        switch self {
        case .otherMemory:
            "These bytes are not in the memory of that slot: name the slot that the buffer's own group, or its part of the "
                + "group, was registered in, or none."
        case .slotEnded:
            "The slot was cleared or replaced since: register the memory again and use the value that this returns, or "
                + "name no slot."
        }
    }
}

/// One registration, shared by the table and every ``FixedSlot`` of it.
final class FixedRegistration: Sendable {
    /// ``Slab/identity``: not the slab itself, so that a forgotten slot value keeps no memory.
    let slab: UInt64
    let index: Int
    let start: UInt
    let byteCount: Int
    /// The user data of the kernel's report; 0 when there will be none.
    let tag: UInt64
    let isCurrent = Atomic(true)

    init(slab: UInt64, index: Int, start: UInt, byteCount: Int, tag: UInt64) {
        self.slab = slab
        self.index = index
        self.start = start
        self.byteCount = byteCount
        self.tag = tag
    }
}
