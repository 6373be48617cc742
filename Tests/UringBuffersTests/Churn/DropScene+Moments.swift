// The moments at which something is dropped, and what must hold afterwards.

import Glibc
import KernelSupport
import UringBuffers
import UringQueue

extension DropScene {
    func play(_ moment: DropMoment) throws -> String? {
        switch moment {
        case .outcomeUnseen:
            for count in [1, 64, 30, 30] { _ = take(try arrive(count)) }
            return audit()
        case .bufferUnread:
            for _ in 0..<20 { _ = try buffer() }
            return audit()
        case .bundleMidway:
            for looked in 0..<3 {
                var bundle = try bundle()
                for _ in 0..<looked { _ = bundle.next() }
            }
            return audit()
        case .bundleWhenItsLoopThrows:
            struct Stop: Error {}
            var seen = 0
            let whole = try bundle()
            do throws(Stop) {
                try whole.forEach { (buffer) throws(Stop) in
                    seen += buffer.count > 0 ? 1 : 0
                    if seen == 2 { throw Stop() }
                }
                return "nothing was thrown"
            } catch {}
            return audit()
        case .segmentKeptWhileOthersEnd:
            let kept = try buffer()
            for _ in 0..<30 { try buffer(20).end() }
            guard kept.isIntact() else { return "the kept one was overwritten" }
            kept.end()
            return audit()
        default: return try playEnds(moment)
        }
    }

    /// Moments around the end of the group.
    private func playEnds(_ moment: DropMoment) throws -> String? {
        switch moment {
        case .completionUnread, .completionLate:
            let completion = try arrive(10)
            let group = group.take()!
            do throws(UringError) {
                _ = try group.close()
                return "closed over an untaken completion"
            } catch { if error.errno != EBUSY { return "\(error)" } }
            self.group = consume group
            if moment == .completionLate { try takeLate(completion) } else { _ = take(completion) }
            return audit()
        case .groupWhileArmed:
            arm()
            _ = try ring.completions(atLeast: 0)
            group = nil
            return try afterTheGroup()
        case .groupClosedWhileArmed:
            arm(multishot: true)
            _ = try ring.completions(atLeast: 0)
            let report = try close()
            return report.isEmpty ? try afterTheGroup() : "\(report)"
        case .groupWithHandlesOut, .handlesElsewhereAfterTheGroup:
            let kept = [try buffer(), try buffer(), try buffer()]
            group = nil
            return outlived(kept, elsewhere: moment == .handlesElsewhereAfterTheGroup)
        case .groupClosedWithHandlesOut:
            let kept = [try buffer(), try buffer(64 - 10)]
            let report = try close()
            return report.isEmpty ? "the report misses the handles" : outlived(kept)
        case .sharedAfterTheGroup, .tokenAfterTheGroup: return try playPlainValues(moment)
        case .leaseReleasedAfterTheGroup, .leaseWhileTheKernelReads: return try playLeases(moment)
        case .groupWithUnreadCompletion:
            _ = try arrive(10)
            group = nil
            // The kernel wrote there, and nobody can say that it does no more: kept for ever, and counted.
            return auditMemory(abandoned: DropScene.slabBytes)
        default: fatalError("\(moment) has no row")
        }
    }

    /// Takes a completion only after a later one was posted.
    private func takeLate(_ first: Completion) throws {
        let second = try arrive(10)
        _ = take(first)
        _ = take(second)
    }

    private func playPlainValues(_ moment: DropMoment) throws -> String? {
        guard case .buffer(let buffer) = take(try arrive(10)) else { fatalError("no buffer") }
        if moment == .tokenAfterTheGroup {
            let token = buffer.intoToken()
            group = nil
            token.reclaim().recycle()
            return auditMemory()
        }
        let shared = buffer.share()
        let kept = [Kept(shared, at: check), Kept(shared, at: check)]
        let report = try close()
        return report.buffers.count > 1 ? "\(report)" : outlived(kept, elsewhere: true)
    }

    private func playLeases(_ moment: DropMoment) throws -> String? {
        var lease = SendLease(try bundle())
        lease.began()
        if moment == .leaseWhileTheKernelReads {
            // Dropped too early: the buffers stay out for ever, and nothing else may use them.
            let count = lease.bufferCount
            Self.end(lease)
            let group = group.take()!
            let (lent, books) = (group.lent, group.books())
            return lent > 0 && lent <= count && books.balanced ? nil : "\(lent) of \(count) are out: \(books)"
        }
        group = nil
        _ = lease.complete(result: 150, flags: .more)
        _ = lease.complete(result: 0, flags: .notification)
        Self.end(lease)
        return auditMemory()
    }

    private static func end(_ lease: consuming SendLease) {}
}
