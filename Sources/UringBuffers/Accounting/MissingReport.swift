// Who still has buffers of a group: at its close, and on demand.

/// The buffers that are not home.
public struct MissingReport: Hashable, Sendable {
    /// One buffer that is out.
    public struct Buffer: Hashable, Sendable {
        /// Its label.
        public let id: BufferID
        /// Where it is: lent, divided among segments (partial while the kernel still fills the rest), adopted by a token,
        /// or sending.
        public let state: BufferState
    }

    /// Every buffer that a handle, a bundle, a token or a lease holds, in order of their labels.
    public let buffers: [Buffer]
    /// How many buffers and segments each tag is charged with.
    public let holders: [OwnerTag: Int]

    /// Whether everything is home.
    public var isEmpty: Bool { buffers.isEmpty }
}

extension BufferGroup {
    /// Who has buffers now. Owner's thread, or after ``close()``; O(capacity). Buffers that other threads end meanwhile
    /// may or may not be among them.
    public func missing() -> MissingReport {
        unsafe header.pointee.checkOwnerUnlessClosed()
        return unsafe header.pointee.missing()
    }
}

extension GroupHeader {
    func missing() -> MissingReport {
        var buffers: [MissingReport.Buffer] = []
        for bid in 0..<UInt16(truncatingIfNeeded: capacity) {
            let state = unsafe records[Int(bid)].currentState
            switch state {
            case .lent, .divided, .adopted, .sending: buffers.append(.init(id: BufferID(bid), state: state))
            case .partial where unsafe segments![Int(bid)].out > 0:
                buffers.append(.init(id: BufferID(bid), state: state))
            case .spare, .available, .partial, .returning: break
            }
        }
        return MissingReport(buffers: buffers, holders: tags.holders)
    }
}
