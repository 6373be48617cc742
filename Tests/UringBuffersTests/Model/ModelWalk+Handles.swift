// The steps of the walk on handles: ending, sharing, tokens, bundles, leases, charges.

import Glibc
import KernelSupport
import UringBuffers

extension ModelWalk {
    func performOnHandles(_ step: Operation) -> Bool {
        let (a, b) = (step.a, step.b)
        switch step.kind {
        case .end: return end(a, elsewhere: false)
        case .endElsewhere: return end(a, elsewhere: true)
        case .share: return share(a)
        case .slice: return slice(a, b)
        case .token: return intoToken(a)
        case .reclaim: return reclaim(a, elsewhere: false)
        case .reclaimElsewhere: return reclaim(a, elsewhere: true)
        case .next: return next(a)
        case .append: return append(a, b)
        case .drop: return drop(a, b)
        case .takeAll: return takeAll(a)
        case .lease: return lease(a)
        case .result: return complete(a, b)
        case .notify: return notify(a, b)
        case .charge: return charge(a, b)
        default: return false
        }
    }

    private func remove(_ number: Int, _ list: inout [Held]) -> Held? {
        list.isEmpty ? nil : list.remove(at: number % list.count)
    }

    // MARK: Ends

    private func end(_ a: Int, elsewhere: Bool) -> Bool {
        let released = leases.filter(\.isReleased)
        guard let handle = pick(a, buffers + bundles + slices + released) else { return false }
        end(handle, elsewhere: elsewhere)
        return true
    }

    private func end(_ handle: Held, elsewhere: Bool) {
        for list in [\ModelWalk.buffers, \.bundles, \.slices, \.leases] {
            self[keyPath: list].removeAll { $0 === handle }
        }
        if elsewhere { onOtherThread { handle.end() } } else { handle.end() }
        forget(handle, handle.pieces, elsewhere: elsewhere)
    }

    /// What the model thinks of pieces that ended.
    private func forget(_ handle: Held, _ pieces: [Piece], elsewhere: Bool) {
        for piece in pieces { model.sending.remove(piece.bid) }
        if let root = handle.root {
            root.slices -= 1
            guard root.slices == 0 else { return }
            model.move(1, from: handle.tag, to: 0)
            model.end(root.piece, elsewhere: elsewhere)
        } else {
            model.move(pieces.count, from: handle.tag, to: 0)
            for piece in pieces { model.end(piece, elsewhere: elsewhere) }
        }
    }

    func endEverything() {
        while !completions.isEmpty {
            perform(Operation(kind: .take, a: 0, b: 0))
            observe()
        }
        for handle in leases where handle.isInFlight { tellResult(handle, bytes: 0, more: false) }
        for handle in leases { while handle.notificationsDue > 0 { tellNotification(handle, copied: false) } }
        while !tokens.isEmpty { _ = reclaim(0, elsewhere: false) }
        for (number, handle) in held.enumerated() {
            end(handle, elsewhere: number % 4 == 0)
            observe()
        }
        _ = refill()
    }

    // MARK: Sharing and tokens

    private func share(_ a: Int) -> Bool {
        guard let handle = remove(a, &buffers) else { return false }
        let shared = handle.buffer.take()!.share()
        slices.append(Held(shared, handle.pieces[0], Held.Root(handle.pieces[0]), tag: handle.tag))
        return true
    }

    private func slice(_ a: Int, _ b: Int) -> Bool {
        guard let handle = pick(a, slices), let shared = handle.shared, let root = handle.root else { return false }
        var piece = handle.pieces[0]
        let start = b % (piece.length + 1)
        let end = start + (a + b) % (piece.length - start + 1)
        root.slices += 1
        piece.offset += start
        piece.place += UInt64(start)
        piece.length = end - start
        slices.append(Held(shared[start..<end], piece, root, tag: handle.tag))
        return true
    }

    private func intoToken(_ a: Int) -> Bool {
        guard let handle = pick(a, buffers) else { return false }
        buffers.removeAll { $0 === handle }
        handle.token = handle.buffer.take()!.intoToken()
        // A segment's token leaves its buffer to those who share it.
        if model.isLent(handle.pieces[0].bid) { model.adopted.insert(handle.pieces[0].bid) }
        tokens.append(handle)
        return true
    }

    private func reclaim(_ a: Int, elsewhere: Bool) -> Bool {
        guard let handle = remove(a, &tokens) else { return false }
        if elsewhere {
            onOtherThread { handle.buffer = handle.token?.reclaim() }
        } else {
            handle.buffer = handle.token?.reclaim()
        }
        handle.token = nil
        model.adopted.remove(handle.pieces[0].bid)
        buffers.append(handle)
        return true
    }

    private func charge(_ a: Int, _ b: Int) -> Bool {
        guard let handle = pick(a, buffers + bundles), let tag = pick(b, model.liveTags) else { return false }
        handle.buffer?.charge(to: tags[tag])
        handle.bundle?.charge(to: tags[tag])
        model.move(handle.pieces.count, from: handle.tag, to: tag)
        handle.tag = tag
        return true
    }

    // MARK: Bundles

    private func next(_ a: Int) -> Bool {
        guard let handle = pick(a, bundles), var bundle = handle.bundle.take() else { return false }
        if let buffer = bundle.next() {
            buffers.append(Held(buffer, handle.pieces.removeFirst(), tag: handle.tag))
        } else if !handle.pieces.isEmpty {
            wrong.append("no buffer is left of \(handle.pieces)")
        }
        handle.bundle = consume bundle
        return true
    }

    /// A buffer or a bundle behind a bundle. What is appended to an empty one keeps its tag.
    private func append(_ a: Int, _ b: Int) -> Bool {
        guard let target = pick(a, bundles), let other = pick(b, (buffers + bundles).filter { $0 !== target }),
            var bundle = target.bundle.take()
        else { return false }
        let isBegun = !shape.consumption.isIncremental && (other.pieces.first?.offset ?? 0) > 0
        let isCharged = model.tags[target.tag].isEnded && target.tag != other.tag && !target.pieces.isEmpty
        guard !isBegun || target.pieces.isEmpty, !isCharged else {
            target.bundle = consume bundle
            return false
        }
        buffers.removeAll { $0 === other }
        bundles.removeAll { $0 === other }
        if let buffer = other.buffer.take() { bundle.append(buffer) }
        if let more = other.bundle.take() { bundle.append(more) }
        target.bundle = consume bundle
        guard !other.pieces.isEmpty else { return true }
        if target.pieces.isEmpty { target.tag = other.tag }
        model.move(other.pieces.count, from: other.tag, to: target.tag)
        target.pieces += other.pieces
        return true
    }

    private func drop(_ a: Int, _ b: Int) -> Bool {
        guard let handle = pick(a, bundles), var bundle = handle.bundle.take() else { return false }
        var left = b % (handle.byteCount + 1)
        bundle.drop(bytes: left)
        handle.bundle = consume bundle
        var ended: [Piece] = []
        while left > 0, let first = handle.pieces.first {
            guard left >= first.length else {
                handle.pieces[0].offset += left
                handle.pieces[0].place += UInt64(left)
                handle.pieces[0].length -= left
                break
            }
            left -= first.length
            ended.append(handle.pieces.removeFirst())
        }
        forget(handle, ended, elsewhere: false)
        return true
    }

    private func takeAll(_ a: Int) -> Bool {
        guard let handle = pick(a, bundles), var bundle = handle.bundle.take() else { return false }
        let all = bundle.takeAll()
        if !bundle.isEmpty || bundle.byteCount != 0 { wrong.append("something is left after everything was taken") }
        if all.count != handle.pieces.count { wrong.append("\(all.count) buffers for \(handle.pieces)") }
        bundles.append(Held(all, handle.pieces, tag: handle.tag))
        handle.pieces = []
        handle.bundle = consume bundle
        return true
    }
}
