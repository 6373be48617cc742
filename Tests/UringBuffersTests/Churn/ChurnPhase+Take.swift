// What the churn does with completions: check the bytes, then keep, share, send, hand over or drop the buffers.

import Glibc
import KernelSupport
import TestSupport
import UringBuffers
import UringQueue

extension ChurnPhase {
    func deliver() throws {
        queue.forEachCompletion { completion in
            switch completion.tag {
            case ChurnSinks.tagBit...: sinks.complete(completion)
            case ChurnPhase.silentTag: break
            case ChurnPhase.cancelAllTag...: missed(completion, completion.result <= 0)
            case ChurnPhase.cancelTag...: missed(completion, completion.result < 0)
            default: take(completion, connections[Int(completion.tag)])
            }
        }
    }

    /// A cancellation that found nothing: the receive had ended, or ran at that moment and goes on.
    private func missed(_ completion: Completion, _ isMissed: Bool) {
        if isMissed { connections[Int(completion.tag & 0xffff)].isCancelling = false }
    }

    private func take(_ completion: Completion, _ connection: ChurnConnection) {
        if completion.isFinal {
            connection.isArmed = false
            connection.isCancelling = false
        }
        if completion.result > 0 || completion.result == -ECANCELED { tally.receives += 1 }
        let isDropped = completion.result > 0 && tally.dropped * 10 < tally.receives && random.oneIn(2)
        if isDropped { tally.dropped += 1 }
        if isDropped, random.oneIn(3) {
            // The outcome is not even looked at.
            _ = group.take(result: completion.result, flags: completion.flags, tag: connection.owner)
            connection.incoming.skip(Int(completion.result))
            return
        }
        let outcome =
            connection.owner == .none
            ? group.take(completion)
            : group.take(result: completion.result, flags: completion.flags, tag: connection.owner)
        switch consume outcome {
        case .buffer(let buffer): isDropped ? drop(buffer, connection) : use(buffer, connection)
        case .bundle(let bundle): isDropped ? drop(bundle, connection) : use(bundle, connection)
        case .endOfStream:
            if connection.unread > 0 { wrong.append("the end came \(connection.unread) bytes early") }
            tally.ends += 1
            connection.startOver(seed: random.next())
        case .starved:
            tally.starved += 1
            if !connection.isWaiting { wait(connection) }
        case .failed(let error):
            if error.errno == ECANCELED { tally.cancelledWithoutBytes += 1 } else { wrong.append("\(error)") }
        case .unbuffered(let count): wrong.append("\(count) bytes without a buffer")
        }
    }

    // MARK: Dropped

    private func drop(_ buffer: consuming ProvidedBuffer, _ connection: ChurnConnection) {
        let place = connection.incoming
        connection.incoming.skip(buffer.count)
        // Unread, but not at once: others of its completions, or segments of its buffer, end first.
        if random.oneIn(3) { kept.append(Kept(buffer, at: place)) }
    }

    /// In the middle of it.
    private func drop(_ bundle: consuming BufferBundle, _ connection: ChurnConnection) {
        var looked = random.below(bundle.count)
        while looked > 0, let buffer = bundle.next() {
            use(buffer, connection)
            looked -= 1
        }
        connection.incoming.skip(bundle.byteCount)
    }

    // MARK: Used

    private func check(_ isGood: Bool, _ connection: ChurnConnection) {
        guard !isGood else { return }
        wrong.append("connection \(connection.index): wrong bytes before \(connection.incoming.position)")
    }

    private func use(_ buffer: consuming ProvidedBuffer, _ connection: ChurnConnection) {
        let place = connection.incoming
        check(connection.incoming.matches(buffer), connection)
        switch random.below(20) {
        case 0...3: kept.append(Kept(buffer, at: place))
        case 4, 5:
            tally.elsewhere += 1
            returner.give(Kept(buffer, at: place))
        case 6, 7:
            tally.shared += 1
            let shared = buffer.share()
            kept.append(Kept(shared, at: place))
            if random.oneIn(2) { returner.give(Kept(shared, at: place)) }
        case 8: send(buffer)
        case 9:
            // Nobody else may have these bytes.
            var buffer = buffer
            var bytes = buffer.mutableBytes
            for offset in 0..<bytes.byteCount { bytes.storeBytes(of: 0xee, toByteOffset: offset, as: UInt8.self) }
        case 10: kept.append(Kept(buffer.intoToken().reclaim(), at: place))
        default: buffer.recycle()
        }
    }

    private func use(_ bundle: consuming BufferBundle, _ connection: ChurnConnection) {
        let place = connection.incoming
        guard !random.oneIn(2) else {
            while let buffer = bundle.next() { use(buffer, connection) }
            return
        }
        check(bundle.matches(&connection.incoming), connection)
        switch random.below(8) {
        case 0...2: kept.append(Kept(bundle, at: place))
        case 3:
            tally.elsewhere += 1
            returner.give(Kept(bundle, at: place))
        case 4: send(bundle)
        case 5: kept.append(Kept(bundle.takeAll(), at: place))
        default: bundle.recycle()
        }
    }

    private func send(_ bundle: consuming BufferBundle) {
        guard let (socket, tag) = sinks.begin(doomed: random.oneIn(2)) else { return }
        tally.sends += 1
        queue.sendZeroCopy(bundle, to: socket, tag: tag)
    }

    private func send(_ buffer: consuming ProvidedBuffer) {
        guard let (socket, tag) = sinks.begin(doomed: random.oneIn(2)) else { return }
        tally.sends += 1
        if random.oneIn(2) {
            queue.sendZeroCopy(buffer.share(), to: socket, tag: tag)
        } else {
            queue.sendZeroCopy(buffer, to: socket, tag: tag)
        }
    }
}
