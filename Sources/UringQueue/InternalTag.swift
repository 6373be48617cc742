// Tags of the queue's own requests, told from the caller's by their highest bit.

internal import UringBuffers

enum InternalTag {
    /// Nobody waits for this one.
    case silent
    /// The wake-up descriptor became readable.
    case wakeUp
    /// A send of buffers, by its slot in the table.
    case outgoing(Int)
    /// A send of a lease, likewise.
    case leased(Int)
    /// A receive without a buffer ring of the kernel's, likewise.
    case received(Int)
    /// A read or write of registered memory, likewise.
    case transfer(Int)
    /// Buffers provided by a request: by the number of their ring.
    case provided(serial: UInt16, ProvidedRun)

    private static let mark: UInt64 = 1 << 63
    private static let sendMark: UInt64 = 1 << 62
    private static let leaseMark: UInt64 = 1 << 61
    private static let receiveMark: UInt64 = 1 << 60
    private static let provideMark: UInt64 = 1 << 59
    private static let transferMark: UInt64 = 1 << 58

    /// `nil` for a caller's tag.
    init?(_ raw: UInt64) {
        guard raw & InternalTag.mark != 0 else { return nil }
        let slot = Int(truncatingIfNeeded: raw & 0xffff_ffff)
        if raw & InternalTag.sendMark != 0 {
            self = .outgoing(slot)
        } else if raw & InternalTag.leaseMark != 0 {
            self = .leased(slot)
        } else if raw & InternalTag.receiveMark != 0 {
            self = .received(slot)
        } else if raw & InternalTag.provideMark != 0 {
            func part(_ shift: UInt64) -> UInt16 { UInt16(truncatingIfNeeded: raw >> shift) }
            self = .provided(serial: part(32), ProvidedRun(first: part(16), count: Int(part(0))))
        } else if raw & InternalTag.transferMark != 0 {
            self = .transfer(slot)
        } else {
            self = raw & 1 == 0 ? .silent : .wakeUp
        }
    }

    var rawValue: UInt64 {
        switch self {
        case .silent: InternalTag.mark
        case .wakeUp: InternalTag.mark | 1
        case .outgoing(let slot): InternalTag.mark | InternalTag.sendMark | UInt64(slot)
        case .leased(let slot): InternalTag.mark | InternalTag.leaseMark | UInt64(slot)
        case .received(let slot): InternalTag.mark | InternalTag.receiveMark | UInt64(slot)
        case .transfer(let slot): InternalTag.mark | InternalTag.transferMark | UInt64(slot)
        case .provided(let serial, let run):
            InternalTag.mark | InternalTag.provideMark | UInt64(serial) << 32 | UInt64(run.first) << 16
                | UInt64(run.count)
        }
    }

    /// Traps when a caller's tag would look like one of ours.
    static func check(_ tag: UInt64) {
        demand(tag & mark == 0, "tags must be below 2^63, \(tag) is not")
    }
}
