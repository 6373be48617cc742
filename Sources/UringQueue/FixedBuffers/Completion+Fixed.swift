// What a completion says about fixed buffers.

public import UringBuffers

extension Completion {
    /// A bit of the flags that the kernel does not use: the upper half is the number of a transfer.
    static let transferMark: UInt32 = 1 << 14

    /// Marks refusals that have to do with fixed buffers, in the upper half.
    private static let fixedMark: UInt32 = 0x100

    /// Why the queue refused a send or a write that names a slot of fixed buffers, without asking the kernel; the result is
    /// `-EFAULT` then, and the buffer is back in its group.
    public var fixedRefusal: FixedRefusal? {
        guard result == -UringErrno.fault, flags.rawValue & 0xffff == 0 else { return nil }
        let number = Int(flags.rawValue >> 16) - Int(Completion.fixedMark)
        guard FixedRefusal.allCases.indices.contains(number) else { return nil }
        return FixedRefusal.allCases[number]
    }

    /// The flags of such a refusal.
    static func flags(of refusal: FixedRefusal) -> UInt32 {
        (fixedMark + UInt32(FixedRefusal.allCases.firstIndex(of: refusal)!)) << 16
    }

    /// The number of the transfer that this is the end of.
    var transfer: Int? {
        guard flags.rawValue & Completion.transferMark != 0, !flags.contains(.buffer) else { return nil }
        return Int(flags.rawValue >> 16)
    }
}

extension FixedBufferTable {
    /// What a completion of the table's ring says about the table: ``takeReport(tag:)``.
    public func takeReport(_ completion: Completion) -> FixedSlotReport? { takeReport(tag: completion.tag) }
}
