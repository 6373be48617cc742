// What the levels above counters know: hold times, holders, the oldest, histories, and what a leak report says.

import Glibc
import KernelSupport
import Testing
import UringBuffers

@Suite struct LevelTests {
    private func group(_ kernel: PlayedKernel, _ level: AccountingLevel, capacity: Int = 8) throws -> BufferGroup {
        try BufferGroup(
            consumer: kernel, id: 3, capacity: capacity, bufferSize: kernel.bufferSize, consumption: .whole,
            refill: .adaptive, level: level, wakeOnReturn: nil)
    }

    private func take(_ kernel: PlayedKernel, _ group: borrowing BufferGroup, bytes: Int = 5) throws -> ProvidedBuffer {
        let completion = kernel.complete(bytes: bytes, most: 1, quietly: false)
        guard case .buffer(let buffer) = group.take(result: completion.result, flags: completion.flags) else {
            throw Unexpected()
        }
        return buffer
    }

    private func tag(_ group: borrowing BufferGroup, _ name: String, limit: Int = .max) throws -> OwnerTag {
        let made = group.makeTag(named: name, limit: limit)
        return try #require(made)
    }

    private struct Unexpected: Error {}

    @Test func countersKnowNoTimes() throws {
        let kernel = PlayedKernel(bufferSize: 16, seed: 1)
        let group = try group(kernel, .counters)
        let monitor = PoolMonitor()
        monitor.watch(group, named: "plain")
        let held = try take(kernel, group)
        let seen = monitor.snapshot(including: [.oldestHeld, .buffers]).groups[0]
        #expect(seen.holdTime == nil && seen.oldestHeld == nil && seen.deliveredBytes == nil)
        #expect(seen.buffers?.count == 8 && seen.buffers?[Int(held.id.rawValue)].state == .lent)
        #expect(seen.buffers?[Int(held.id.rawValue)].sinceNanoseconds == nil)
    }

    @Test func holdTimesAreMeasured() throws {
        let kernel = PlayedKernel(bufferSize: 16, seed: 1)
        let group = try group(kernel, .timed)
        let monitor = PoolMonitor()
        monitor.watch(group, named: "timed")
        let tag = try tag(group, "pipeline")
        var here = try take(kernel, group, bytes: 5)
        here.charge(to: tag)
        group.refill()
        let elsewhere = Handoff(try take(kernel, group, bytes: 16))
        let before = monitor.snapshot(including: .oldestHeld)
        let oldest = try #require(before.groups[0].oldestHeld)
        #expect(oldest.id == here.id && oldest.tag == tag.index)
        #expect(oldest.sinceNanoseconds > 0 && oldest.sinceNanoseconds <= before.monotonicNanoseconds)
        #expect(
            before.groups[0].deliveredBytes == HoldHistogram([5, 16]) && before.groups[0].holdTime?.isEmpty == true)
        usleep(20_000)
        group.refill()
        here.recycle()
        onOtherThread { elsewhere.end() }
        #expect(group.books().holdTime?.count == 1, "the other one waits on the return stack")
        group.refill()
        let after = monitor.snapshot(including: .oldestHeld)
        let times = try #require(after.groups[0].holdTime)
        #expect(times.count == 2 && times.sum >= 40_000_000 && times.quantile(0.01)! >= 20e6 * 0.8)
        #expect(times.sum <= 2 * Int(after.monotonicNanoseconds - oldest.sinceNanoseconds))
        #expect(after.groups[0].oldestHeld == nil)
        let window = try #require(after.delta(since: before))
        #expect(window.groups[0].holdTime?.count == 2 && window.groups[0].deliveredBytes?.isEmpty == true)
    }

    /// One reading of the clock for each batch: buffers of one batch have one time.
    @Test func aBatchHasOneTime() throws {
        let kernel = PlayedKernel(bufferSize: 16, seed: 1)
        let group = try group(kernel, .timed)
        let one = try take(kernel, group)
        let two = try take(kernel, group)
        let same = group.missing().buffers.map(\.sinceNanoseconds)
        beginBatchOfCompletions()
        let three = try take(kernel, group)
        let all = Dictionary(uniqueKeysWithValues: group.missing().buffers.map { ($0.id, $0.sinceNanoseconds ?? 0) })
        #expect(same[0] == same[1] && all[one.id] == all[two.id] && all[three.id]! > all[one.id]!)
    }

    @Test func sendsAreMeasuredToTheirNotification() throws {
        let kernel = PlayedKernel(bufferSize: 16, seed: 1)
        let group = try group(kernel, .timed)
        let tag = try tag(group, "out", limit: 4)
        var buffer = try take(kernel, group)
        buffer.charge(to: tag)
        var lease = SendLease(buffer)
        lease.began()
        var books = group.books()
        #expect(books.states.sending == 1 && books.leased == 1 && books.zeroCopySends == 1 && books.balanced)
        #expect(books.tags == [TagSnapshot(number: 1, name: "out", held: 1, sending: 1, peak: 1, total: 1, limit: 4)])
        _ = lease.complete(result: 5, flags: .more)
        _ = lease.complete(result: Int32.min, flags: .notification)
        lease.end()
        books = group.books()
        #expect(books.states.sending == 0 && books.zeroCopyNotifications == 1 && books.copiedSends == 1)
        #expect(books.zeroCopyInFlight?.count == 1 && books.leased == books.unleased && books.balanced)
        #expect(books.tags[0].held == 0 && books.tags[0].sending == 0 && books.tags[0].total == 1)
    }

    @Test func aLeakReportSaysWhoSinceWhenAndHow() throws {
        let kernel = PlayedKernel(bufferSize: 16, seed: 1)
        let group = try group(kernel, .forensic)
        let tag = try tag(group, "leaky")
        var buffer = try take(kernel, group)
        buffer.charge(to: tag)
        let line = #line + 1
        let token = buffer.intoToken()
        let taken = try take(kernel, group)
        #expect(group.missing().buffers.last { $0.id == taken.id }?.lastTouch?.hasPrefix("\(#fileID):") == true)
        let shared = taken.share()
        let report = group.missing()
        #expect(report.buffers.count == 2 && report.holders == [tag: 1])
        let leaked = try #require(report.buffers.first { $0.id == token.id })
        #expect(leaked.state == .adopted && leaked.tag == tag.index && leaked.bytes == 5)
        #expect(leaked.history == [.adopted, .charged, .taken, .published])
        let read = try #require(report.buffers.first { $0.id == shared.id })
        #expect(read.state == .lent && read.history == [.shared, .taken, .published])
        #expect(leaked.lastTouch == "\(#fileID):\(line)" && read.lastTouch == "\(#fileID):\(line + 3)")
        #expect("\(report)".contains("last touched at \(#fileID):\(line)"))
        #expect(report.madeNanoseconds >= leaked.sinceNanoseconds!)
        #expect("\(report)".contains("bid \(token.id): adopted, tag 1 (leaky), for "))
        #expect("\(report)".contains("history, newest first: adopted charged taken published"))
        // The last sixteen steps are kept.
        token.reclaim().recycle()
        #expect(group.missing().buffers.map(\.id) == [shared.id])
    }

    @Test func aHistoryHoldsTheLastSixteenSteps() throws {
        let kernel = PlayedKernel(bufferSize: 16, seed: 1)
        let group = try group(kernel, .forensic, capacity: 1)
        for _ in 0..<9 {
            try take(kernel, group).recycle()
            group.refill()
        }
        let held = try take(kernel, group)
        let history = group.missing().buffers[0].history
        #expect(history.count == 16 && history.prefix(4) == [.taken, .published, .recycled, .taken])
        held.recycle()
    }

    /// Tags beyond the most that are listed are summed up.
    @Test func manyTagsAreBounded() throws {
        let kernel = PlayedKernel(bufferSize: 16, seed: 1)
        let group = try group(kernel, .counters, capacity: 128)
        var held: [Handoff<ProvidedBuffer>] = []
        for _ in 0..<100 {
            let tag = try tag(group, "ä tag with quite a long name – indeed")
            var buffer = try take(kernel, group)
            buffer.charge(to: tag)
            held.append(Handoff(buffer))
        }
        let tags = group.books().tags
        #expect(tags.count == 65 && tags.map(\.number) == Array(1...64) + [0] && tags.map(\.held).reduce(0, +) == 100)
        #expect(tags[64].held == 36 && tags[64].peak == 1 && tags[64].total == 36 && tags[64].name == nil)
        #expect(tags[0].name == "ä tag with quite a long name " && tags[0].limit == nil)
        for buffer in held { buffer.end() }
    }

    /// A starved receive counts its time until something is published.
    @Test func starvedTimeGoesOnUntilAPublish() throws {
        let kernel = PlayedKernel(bufferSize: 16, seed: 1)
        let group = try group(kernel, .counters, capacity: 1)
        let held = try take(kernel, group)
        let completion = kernel.complete(bytes: 1, most: 1, quietly: false)
        guard case .starved = group.take(result: completion.result, flags: completion.flags) else { throw Unexpected() }
        usleep(2000)
        let during = group.books().starvedNanoseconds
        #expect(during >= 2_000_000)
        held.recycle()
        group.refill()
        let after = group.books().starvedNanoseconds
        #expect(after >= during && group.books().starvedNanoseconds == after && group.books().availableLowWater == 0)
    }
}

extension SendLease {
    fileprivate consuming func end() {}
}
