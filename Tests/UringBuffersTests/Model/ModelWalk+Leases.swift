// The steps of the walk on leases: results and notifications of zero-copy sends, in any order.

import Glibc
import UringBuffers

extension ModelWalk {
    /// Lends a buffer, a bundle or a slice to a send that begins at once.
    func lease(_ a: Int) -> Bool {
        let whole = bundles.filter { !$0.pieces.isEmpty }
        guard let handle = pick(a, buffers + whole + slices) else { return false }
        for list in [\ModelWalk.buffers, \.bundles, \.slices] { self[keyPath: list].removeAll { $0 === handle } }
        if handle.root == nil {
            for piece in handle.pieces where model.isLent(piece.bid) { model.sending.insert(piece.bid) }
        }
        if let buffer = handle.buffer.take() { handle.lease = SendLease(buffer) }
        if let bundle = handle.bundle.take() { handle.lease = SendLease(bundle) }
        if let shared = handle.shared {
            handle.lease = SendLease(shared)
            handle.shared = nil
        }
        handle.lease?.began()
        handle.isInFlight = true
        leases.append(handle)
        return true
    }

    /// The result of a send; sometimes with the promise of a notification. What is not sent may be sent again.
    func complete(_ a: Int, _ b: Int) -> Bool {
        guard let handle = pick(a, leases.filter(\.isInFlight)) else {
            guard let handle = pick(a, leases.filter { !$0.isInFlight }) else { return false }
            handle.lease?.began()
            handle.isInFlight = true
            return true
        }
        let bytes = b % 4 == 0 ? -EPIPE : Int32(b % (handle.byteCount - handle.sent + 1))
        // A result whose notification came before it promises one.
        tellResult(handle, bytes: bytes, more: b % 3 > 0 || handle.notificationsDue < 0)
        return true
    }

    func tellResult(_ handle: Held, bytes: Int32, more: Bool) {
        let progress = handle.lease?.complete(result: bytes, flags: more ? .more : [])
        let expected: SendLease.Progress = bytes < 0 ? .failed(UringError(.send, errno: -bytes)) : .sent(Int(bytes))
        if progress != expected { wrong.append("\(String(describing: progress)), and not \(expected)") }
        handle.isInFlight = false
        if more { handle.notificationsDue += 1 }
        if bytes > 0 { handle.sent += Int(bytes) }
        checkLease(handle)
    }

    /// A notification, also before the result that announces it.
    func notify(_ a: Int, _ b: Int) -> Bool {
        let due = leases.filter { $0.notificationsDue > ($0.isInFlight ? -1 : 0) }
        guard let handle = pick(a, due) else { return false }
        tellNotification(handle, copied: b % 2 == 0)
        return true
    }

    func tellNotification(_ handle: Held, copied: Bool) {
        let progress = handle.lease?.complete(result: copied ? Int32.min : 0, flags: .notification)
        if progress != .released(copied: copied) { wrong.append("\(String(describing: progress)) for a notification") }
        handle.notificationsDue -= 1
        checkLease(handle)
    }

    private func checkLease(_ handle: Held) {
        guard let lease = handle.lease.take() else { return wrong.append("a lease went away") }
        if lease.isReleased != handle.isReleased || lease.sent != handle.sent {
            wrong.append(
                "a lease is released: \(lease.isReleased), \(lease.sent) sent; the model says \(handle.isReleased), "
                    + "\(handle.sent)")
        }
        handle.lease = consume lease
    }
}
