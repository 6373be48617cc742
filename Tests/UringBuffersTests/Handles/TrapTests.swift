// Broken rules of handles and groups: each ends the process, and says which buffer, what state, and what to do.

import KernelSupport
import Testing
import UringBuffers

@Suite struct TrapTests {
    @Test func completionTakenTwice() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let one = try OneBuffer()
            let held = one.take()
            _ = one.take()
            held.recycle()
        }
        #expect(message(result).contains("group 6, bid 0: expected available, found lent: a handle owns it"))
        #expect(message(result).contains("was one completion taken twice?"))
    }

    @Test func completionTakenAgainAfterItsBufferWentBack() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let one = try OneBuffer(capacity: 1024)
            one.take().recycle()
            _ = one.take()
        }
        #expect(message(result).contains("group 6, bid 0: expected available, found spare"))
    }

    @Test func foreignBid() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let one = try OneBuffer()
            _ = Outcome(one.group.take(result: 3, flags: CompletionFlags(rawValue: 8 << 16 | 1)))
        }
        #expect(message(result).contains("group 6: bid 8 is not one of its 8 buffers"))
        #expect(message(result).contains("another group"))
    }

    @Test func foreignBidThatCameWithAnError() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let one = try OneBuffer()
            _ = Outcome(one.group.take(result: -104, flags: CompletionFlags(rawValue: 65535 << 16 | 1)))
        }
        #expect(message(result).contains("bid 65535 is not one of its 8 buffers"))
    }

    @Test func bidThatWasNotPublished() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let one = try OneBuffer(capacity: 4096)
            _ = Outcome(one.group.take(result: 3, flags: CompletionFlags(rawValue: 4095 << 16 | 1)))
        }
        #expect(message(result).contains("group 6, bid 4095: expected available, found spare"))
    }

    @Test func bundleLongerThanWhatWasPublished() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let one = try OneBuffer()
            // Nine buffers of 64 bytes in a group of eight.
            _ = Outcome(one.group.take(result: 9 * 64, flags: one.flags))
        }
        #expect(message(result).contains("group 6, bid"))
        #expect(message(result).contains("expected available"))
    }

    @Test func tokenReclaimedTwiceWhileTheFirstHandleLives() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let token = Lasting.one.take().intoToken()
            let first = token.reclaim()
            _ = token.reclaim()
            first.recycle()
        }
        #expect(message(result).contains("group 6, bid 0: this token was reclaimed before (state lent)"))
    }

    @Test func tokenReclaimedTwiceAfterTheFirstHandleEnded() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let token = Lasting.one.take().intoToken()
            token.reclaim().recycle()
            _ = token.reclaim()
        }
        #expect(message(result).contains("bid 0: this token was reclaimed before (state spare)"))
    }

    @Test func staleTokenWhileANewerOneIsOut() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let old = Lasting.one.take().intoToken()
            let new = old.reclaim().intoToken()
            _ = old.reclaim()
            new.reclaim().recycle()
        }
        #expect(message(result).contains("bid 0: this token was reclaimed before (state adopted)"))
    }

    /// However often the buffer was passed on meanwhile.
    @Test func staleTokenAfterManyNewerOnes() async {
        await #expect(processExitsWith: .failure) {
            let old = Lasting.one.take().intoToken()
            var newest = old.reclaim().intoToken()
            // 255 more: a one-byte generation is back where it was.
            for _ in 0..<255 { newest = newest.reclaim().intoToken() }
            _ = old.reclaim()
        }
    }

    @Test func groupOnAnotherThread() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let one = try OneBuffer()
            onOtherThread { one.group.refill() }
        }
        #expect(message(result).contains("group 6: used on a thread that does not own it"))
        #expect(message(result).contains("detach()") && message(result).contains("attach()"))
    }

    @Test func takeOnAnotherThread() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let one = try OneBuffer()
            onOtherThread { one.take().recycle() }
        }
        #expect(message(result).contains("used on a thread that does not own it"))
    }

    @Test func booksOnAnotherThread() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let one = try OneBuffer()
            onOtherThread { _ = one.group.books() }
        }
        #expect(message(result).contains("used on a thread that does not own it"))
    }

    @Test func useWhileDetached() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let one = try OneBuffer()
            one.group.detach()
            one.group.refill()
        }
        #expect(message(result).contains("attach()"))
    }

    @Test func attachWhileAnotherThreadOwnsIt() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let one = try OneBuffer()
            onOtherThread { one.group.attach() }
        }
        #expect(message(result).contains("used on a thread that does not own it"))
    }

    @Test func takeAfterClose() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let one = try OneBuffer()
            one.take().recycle()
            try one.group.close()
            _ = Outcome(one.group.take(result: 3, flags: one.flags))
        }
        #expect(message(result).contains("group 6: it is closed; make a new one"))
    }

    @Test func refillAndAttachAfterClose() async {
        let refill = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let one = try OneBuffer()
            one.take().recycle()
            try one.group.close()
            one.group.refill()
        }
        #expect(message(refill).contains("it is closed"))
        let attach = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let one = try OneBuffer()
            one.take().recycle()
            try one.group.close()
            one.group.attach()
        }
        #expect(message(attach).contains("it is closed"))
    }

    @Test func droppingMoreThanABundleHolds() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            var bundle = BufferBundle(Lasting.one.take())
            bundle.drop(bytes: 4)
        }
        #expect(message(result).contains("a bundle of 3 bytes cannot drop 4"))
    }

    @Test func joiningBundlesOfTwoGroups() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let other = try OneBuffer()
            var bundle = BufferBundle(Lasting.one.take())
            bundle.append(BufferBundle(other.take()))
        }
        #expect(message(result).contains("only bundles of one group can be joined"))
    }
}

/// A group that lives to the end of the child process, so that what traps is the rule at hand.
private enum Lasting {
    static let one = try! OneBuffer(capacity: 1024)
}
