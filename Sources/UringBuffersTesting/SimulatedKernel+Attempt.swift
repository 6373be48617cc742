// One attempt of a receive: select, transfer, commit, complete; again while there is more.

internal import Glibc
internal import UringBuffers

/// What follows an attempt.
enum AfterAttempt {
    /// The final completion was posted.
    case finished
    /// Nothing more for now: wait until the stream is readable.
    case again
    /// There is more, but others come first.
    case later
}

extension SimulatedKernel {
    /// Completions of one request in a row before others run (`MULTISHOT_MAX_RETRY`).
    private static let completionsInARow = 32

    /// `woken` tells an attempt after a wake-up from the first one, which runs while the request is submitted.
    func attempt(_ request: SimulatedReceive, woken: Bool) -> AfterAttempt {
        if request.stream.kind == .pipe { return attemptRead(request) }
        if request.options.contains(.pollFirst) && !request.isPolled { return .again }
        while true {
            let selection = select(for: request)
            var result: Int
            request.leftBehind = -1
            switch selection {
            case .failed(let errno): result = Int(-errno)
            case .segments(let segments): result = request.stream.receive(into: segments)
            }
            if result == Int(-EAGAIN) { return .again }
            if result >= 0 { request.leftBehind = request.stream.leftBehind }
            let isLast = result <= 0
            let transferred = result
            // A second pass that got nothing completes what the first one got.
            if result > 0 || request.bytesOfFirstPass > 0 { result = max(result, 0) + request.bytesOfFirstPass }
            var flags: CompletionFlags = []
            if transferred > 0, case .segments(let segments) = selection {
                flags = commit(bytes: transferred, segments: segments, of: request)
            } else if transferred <= 0, let bid = takeBufferWithoutBytes(request) {
                flags = .carrying(bid)
            }
            switch finish(request, result: result, flags: flags, isLast: isLast) {
            case .secondPass: continue
            case .next: if woken && schedule.happens(.runOrder, oneIn: 16) { return .later }
            case .done(let after): return after == .later && !woken ? .again : after
            }
        }
    }

    private enum Step {
        case secondPass
        case next
        case done(AfterAttempt)
    }

    /// What to do with the result of one pass.
    private func finish(
        _ request: SimulatedReceive, result: Int, flags: CompletionFlags, isLast: Bool
    ) -> Step {
        var flags = flags
        var isLast = isLast
        if request.leftBehind > 0 { flags.insert(.socketNonEmpty) }
        if result > 0, let budget = request.budget {
            request.budget = budget - min(result, budget)
            if request.budget == 0 { isLast = true }
        }
        if request.isBundle {
            if request.isSecondPass {
                flags = request.flagsOfFirstPass.union(flags.intersection([.socketNonEmpty, .bufferMore]))
            }
            // A one-shot request's limit holds for its first pass only.
            if request.isMultishot && request.limit > 0 && result >= request.limit { request.reachedLimit = true }
            if request.sawLastBuffer { return complete(request, result: result, flags: flags) }
            if mayTakeSecondPass(request, result: result) {
                request.flagsOfFirstPass = flags.subtracting([.socketNonEmpty, .bufferMore])
                request.length = request.leftBehind
                request.bytesOfFirstPass = result
                request.isSecondPass = true
                return .secondPass
            }
        }
        guard request.isMultishot, !isLast, hasRoomForCompletions, !schedule.happens(.earlyEnd, oneIn: 16) else {
            return complete(request, result: result, flags: flags)
        }
        post(request, result: result, flags: flags.union(.more))
        request.startOver()
        guard request.leftBehind != 0 else { return .done(.again) }
        if request.completionsInARow < SimulatedKernel.completionsInARow && !request.reachedLimit {
            request.completionsInARow += 1
            return .next
        }
        request.completionsInARow = 0
        request.reachedLimit = false
        return .done(.later)
    }

    /// A first pass that filled all its buffers while the socket has more goes on once, now that the amount is known.
    private func mayTakeSecondPass(_ request: SimulatedReceive, result: Int) -> Bool {
        !request.isSecondPass && !request.cutShort && !request.reachedLimit && request.budget != 0
            && request.leftBehind > 1 && result > 0 && request.filledEverything
    }

    private func complete(_ request: SimulatedReceive, result: Int, flags: CompletionFlags) -> Step {
        post(request, result: result, flags: flags)
        keepVector(of: request)
        return .done(.finished)
    }

    /// The request's vector waits for the next request.
    private func keepVector(of request: SimulatedReceive) {
        guard vectorLengths.count < 128 else { return }
        vectorLengths.append(request.vectorLength)
    }

    /// Uses up the buffers that `bytes` bytes filled, and says which was the first.
    private func commit(bytes: Int, segments: [Segment], of request: SimulatedReceive) -> CompletionFlags {
        var room = 0
        var buffers = 0
        var left = bytes
        for segment in segments {
            room += segment.length
            if left > 0 { buffers += 1 }
            left -= segment.length
        }
        request.filledEverything = bytes == room
        return commit(bytes: bytes, buffers: buffers, of: request)
    }

    func commit(bytes: Int, buffers: Int, of request: SimulatedReceive) -> CompletionFlags {
        guard var ring = rings[request.group.rawValue] else { return [] }
        var flags = CompletionFlags.carrying(ring.entry(0).bid)
        request.buffersTaken += buffers
        if !ring.commit(bytes: bytes, buffers: buffers) { flags.insert(.bufferMore) }
        rings[request.group.rawValue] = ring
        return flags
    }

    /// Reads of pipes: one buffer at a time; the end of the stream comes with a buffer, unless multishot.
    private func attemptRead(_ request: SimulatedReceive) -> AfterAttempt {
        var result: Int
        switch selectOne(for: request) {
        case .failed(let errno): result = Int(-errno)
        case .segments(let segments): result = request.stream.receive(into: segments)
        }
        if result == Int(-EAGAIN) {
            if request.isMultishot { request.length = 0 }
            return .again
        }
        var flags: CompletionFlags = []
        if result > 0 || (result == 0 && !request.isMultishot) {
            flags = commit(bytes: result, buffers: 1, of: request)
        } else if let bid = takeBufferWithoutBytes(request) {
            flags = .carrying(bid)
        }
        guard request.isMultishot, result > 0, hasRoomForCompletions, !schedule.happens(.earlyEnd, oneIn: 16) else {
            post(request, result: result, flags: flags)
            return .finished
        }
        post(request, result: result, flags: flags.union(.more))
        request.length = 0
        return .again
    }
}
