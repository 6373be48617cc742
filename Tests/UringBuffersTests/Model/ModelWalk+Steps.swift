// The steps of the walk: completions, refills, and what concerns pressure.

import Glibc
import KernelSupport
import UringBuffers

extension ModelWalk {
    func perform(_ step: Operation) {
        let (a, b) = (step.a, step.b)
        let did: Bool
        switch step.kind {
        case .complete, .completeBundle: did = complete(a, b, bundle: step.kind == .completeBundle)
        case .completeNothing: did = completeNothing(a, b)
        case .take: did = take(tag: pick(a, model.liveTags) ?? 0)
        case .ignore: did = ignore()
        case .refill: did = refill()
        case .wait: did = wait(tag: pick(a, model.liveTags) ?? 0)
        case .forget: did = forget(a)
        case .watermarks: did = setWatermarks(a, b)
        case .reserve:
            model.reserve = a % (shape.capacity + 1)
            group.reserve = model.reserve
            did = true
        case .makeTag: did = makeTag(a, b)
        case .endTag: did = endTag(a)
        case .lull:
            endEverything()
            did = true
        default: did = performOnHandles(step)
        }
        if did { done[step.kind, default: 0] += 1 }
    }

    func pick<Element>(_ number: Int, _ choices: [Element]) -> Element? {
        choices.isEmpty ? nil : choices[number % choices.count]
    }

    // MARK: Completions

    private func complete(_ a: Int, _ b: Int, bundle: Bool) -> Bool {
        let most = bundle ? 1 + b % 12 : 1
        let bytes = 1 + a % (bundle ? shape.bufferSize * most : shape.bufferSize + shape.bufferSize / 2)
        completions.append(kernel.complete(bytes: bytes, most: most, quietly: !bundle && b % 4 == 0))
        return true
    }

    private func completeNothing(_ a: Int, _ b: Int) -> Bool {
        let result = [0, -ECONNRESET, -ECANCELED][a % 3]
        if b % 3 == 0 {
            completions.append(PlayedCompletion(result: result))
        } else {
            completions.append(kernel.completeNothing(result: result, keeps: b % 3 == 1))
        }
        return true
    }

    private func take(tag: Int) -> Bool {
        guard !completions.isEmpty else { return false }
        let completion = completions.removeFirst()
        let outcome = group.take(result: completion.result, flags: completion.flags, tag: tags[tag])
        model.take(completion)
        if completion.result == -ENOBUFS { model.starvations += 1 }
        model.move(completion.pieces.count, from: 0, to: tag)
        switch consume outcome {
        case .buffer(let buffer):
            guard completion.pieces.count == 1 else {
                wrong.append("one buffer for \(completion.pieces)")
                return true
            }
            buffers.append(Held(buffer, completion.pieces[0], tag: tag))
        case .bundle(let bundle):
            if bundle.count != completion.pieces.count || bundle.count < 2 || bundle.byteCount != completion.result {
                wrong.append("a bundle of \(bundle.count) for \(completion.pieces)")
            }
            bundles.append(Held(bundle, completion.pieces, tag: tag))
        case .endOfStream: if completion.result != 0 { wrong.append("an end of stream for \(completion)") }
        case .starved: if completion.result != -ENOBUFS { wrong.append("starved for \(completion)") }
        case .failed(let error): if error.errno != -completion.result { wrong.append("\(error) for \(completion)") }
        case .unbuffered: wrong.append("unbuffered for \(completion)")
        }
        return true
    }

    /// Takes the outcome, and lets it go unseen.
    private func ignore() -> Bool {
        guard !completions.isEmpty else { return false }
        let completion = completions.removeFirst()
        _ = group.take(result: completion.result, flags: completion.flags)
        model.take(completion)
        if completion.result == -ENOBUFS { model.starvations += 1 }
        for piece in completion.pieces { model.end(piece, elsewhere: false) }
        return true
    }

    // MARK: Pressure

    func refill() -> Bool {
        let outcome = group.refill()
        observe()
        let edge = model.edge()
        if outcome.edge != edge {
            wrong.append("edge \(String(describing: outcome.edge)), and not \(String(describing: edge))")
        }
        let rearm = model.rearm(most: model.published.count)
        if outcome.rearm != rearm { wrong.append("rearm \(outcome.rearm), and not \(rearm)") }
        return true
    }

    private func wait(tag: Int) -> Bool {
        if !group.rearmWhenRefilled(nextToken, tag: tags[tag]) { wrong.append("the line is full") }
        model.line.append((nextToken, tag))
        nextToken += 1
        return true
    }

    private func forget(_ a: Int) -> Bool {
        guard let token = pick(a, model.line)?.token else { return false }
        group.forget(token)
        model.line.removeAll { $0.token == token }
        return true
    }

    private func setWatermarks(_ a: Int, _ b: Int) -> Bool {
        let low = a % shape.capacity
        let marks = b % 4 == 0 ? nil : Watermarks(low: low, high: low + 1 + b % (shape.capacity - low))
        group.watermarks = marks
        model.set(marks)
        return true
    }

    private func makeTag(_ a: Int, _ b: Int) -> Bool {
        guard model.liveTags.count < 6 else { return false }
        let limit = b % 3 == 0 ? Int.max : a % (shape.capacity + 1)
        let number = model.makeTag(limit: limit, usesReserve: b % 2 == 0)
        let made = group.makeTag(limit: limit, usesReserve: b % 2 == 0)
        if made?.index != number { wrong.append("tag \(made?.index ?? -1), and not \(number)") }
        if number == tags.count { tags.append(made ?? .none) }
        return true
    }

    /// Receives that wait for it are forgotten first, as its connection would.
    private func endTag(_ a: Int) -> Bool {
        guard let tag = pick(a, model.liveTags.filter { $0 != 0 }) else { return false }
        group.endTag(tags[tag])
        model.endTag(tag)
        return true
    }
}
