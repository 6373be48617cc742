// Who still has buffers of a group: at its close, and on demand.

/// The buffers that are not home.
public struct MissingReport: Hashable, Sendable, Codable {
    /// Every buffer that a handle, a bundle, a token or a lease holds, in order of their labels. Where it is: lent, divided
    /// among segments (partial while the kernel still fills the rest), adopted by a token, or sending. For whom and since
    /// when is known from ``AccountingLevel/timed`` on, its history and last touch at ``AccountingLevel/forensic``.
    public let buffers: [BufferSnapshot]
    /// How many buffers and segments each tag is charged with, by its number.
    public let holders: [OwnerTag: Int]
    /// What those are called that have names.
    public let names: [OwnerTag: String]
    /// When the report was made, on the monotonic clock.
    public let madeNanoseconds: Int64

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
        var buffers: [BufferSnapshot] = []
        for bid in 0..<UInt16(truncatingIfNeeded: capacity) {
            switch unsafe records[Int(bid)].currentState {
            case .lent, .divided, .adopted, .sending: buffers.append(describe(bid))
            case .partial where unsafe segments![Int(bid)].out > 0: buffers.append(describe(bid))
            case .spare, .available, .partial, .returning: break
            }
        }
        let holders = tags.holders
        return MissingReport(
            buffers: buffers, holders: holders, names: tags.names(of: holders.keys),
            madeNanoseconds: Int64(MonotonicClock.now))
    }
}

extension MissingReport: CustomStringConvertible {
    /// A line for each buffer.
    public var description: String {
        if isEmpty { return "nothing is missing" }
        let count = buffers.count == 1 ? "1 buffer is missing" : "\(buffers.count) buffers are missing"
        return ([count] + buffers.map(line)).joined(separator: "\n")
    }

    private func line(_ buffer: BufferSnapshot) -> String {
        var parts = ["bid \(buffer.id): \(buffer.state)"]
        if buffer.tag > 0 {
            let name = names[OwnerTag(UInt16(buffer.tag))].map { " (\($0))" } ?? ""
            parts.append("tag \(buffer.tag)\(name)")
        }
        if let since = buffer.sinceNanoseconds {
            // To the millisecond.
            parts.append("for \((Double(madeNanoseconds - since) / 1e6).rounded() / 1e3) s")
        }
        if let touch = buffer.lastTouch { parts.append("last touched at \(touch)") }
        if !buffer.history.isEmpty {
            parts.append("history, newest first: " + buffer.history.map { "\($0)" }.joined(separator: " "))
        }
        return parts.joined(separator: ", ")
    }
}
