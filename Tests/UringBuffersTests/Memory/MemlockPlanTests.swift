// Arithmetic and sentences about locked memory, without a kernel.

import Testing
import UringBuffers

@Suite struct MemlockPlanTests {
    private let budget = MemlockBudget(limit: 64 << 10)

    @Test(arguments: [
        (MemlockPlan.Item.queue(entries: 8, completionEntries: 16), 8192),
        (.queue(entries: 256, completionEntries: 2048), 16384 + 36864),
        (.queue(entries: 200, completionEntries: 400), 16384 + 12288), (.bufferRing(entries: 1), 4096),
        (.bufferRing(entries: 256), 4096), (.bufferRing(entries: 512), 8192), (.bufferRing(entries: 32768), 512 << 10),
        (.region(bytes: 1), 4096), (.fixedBuffers(bytes: 4097), 8192), (.fixedBuffers(bytes: 0), 0),
    ])
    func charges(item: MemlockPlan.Item, bytes: Int) { #expect(budget.charge(for: item) == bytes) }

    @Test func aPlanIsTheSumOfItsParts() {
        let plan = MemlockPlan.pool(entries: 8, buffers: 512).and(.region(bytes: 4096), .fixedBuffers(bytes: 1))
        #expect(plan.items.count == 4)
        #expect(budget.charge(for: plan) == 8192 + 8192 + 4096 + 4096)
        #expect(budget.fits(plan))
        #expect(!budget.fits(plan.and(.region(bytes: 64 << 10))))
        #expect(budget.fits(plan.and(.region(bytes: 40 << 10))), "to the last page")
    }

    @Test func olderKernelsChargeNoRings() {
        let old = MemlockBudget(limit: 4096, chargesRings: false)
        #expect(old.fits(.pool(entries: 4096, buffers: 32768)))
        #expect(!old.fits(MemlockPlan([.fixedBuffers(bytes: 8192)])))
    }

    @Test func whoIsExemptIsNotCharged() {
        let exempt = MemlockBudget(limit: 0, isExempt: true)
        #expect(exempt.available == nil && exempt.fits(.pool(entries: 4096, buffers: 32768)))
        #expect(exempt.explain(.pool(entries: 8, buffers: 8)).hasPrefix("No locked-memory limit applies"))
        #expect(MemlockBudget(limit: nil).available == nil)
    }

    @Test func errorsTellTheNumbers() {
        func remedy(_ needed: UInt32, _ limit: UInt32) -> String {
            UringError(.registerBufferRing, errno: 12, cause: .lockedMemory(needed: needed, limit: limit)).remedy
        }
        #expect(
            remedy(512, 64)
                == "This needs 512 KiB of locked memory, and the limit is 64 KiB. Raise the limit to at least 512 KiB "
                + "(ulimit -l 512, or LimitMEMLOCK=512K), or use less.")
        #expect(remedy(16, 64).contains("of the limit of 64 KiB less is left"))
        #expect(remedy(16, 64).contains("ulimit -l 80,"))
        #expect(MemoryLayout<UringError.Cause>.size <= 9, "errors travel in registers")
    }

    @Test func whatIsHeldIsSubtracted() {
        let held = MemlockBudget(limit: 64 << 10, pinnedBytes: 60 << 10)
        #expect(held.available == 4096)
        #expect(!held.fits(MemlockPlan([.queue(entries: 8, completionEntries: 16)])))
        #expect(MemlockBudget(limit: 4096, pinnedBytes: 1 << 20).available == 0)
    }

    @Test func sentences() {
        let plan = MemlockPlan.pool(entries: 16, buffers: 4096)
        #expect(
            MemlockBudget(limit: 32 << 10).explain(plan)
                == "The locked-memory limit of 32 KiB is too small. This needs 72 KiB (a queue of 16 requests and 32 "
                + "completions: 8 KiB, a ring of 4096 buffers: 64 KiB). Raise the limit to at least 72 KiB "
                + "(ulimit -l 72, or LimitMEMLOCK=72K).")
        #expect(
            MemlockBudget(limit: 1 << 20, pinnedBytes: 8192).explain(plan)
                == "The locked-memory limit of 1024 KiB (this process holds 8 KiB of it) is used up. This "
                + "needs 72 KiB (a queue of 16 requests and 32 completions: 8 KiB, a ring of 4096 buffers: 64 KiB). "
                + "Other rings of this user, or rings closed a moment ago, hold the rest. Raise the limit to at least 1096 KiB "
                + "(ulimit -l 1096, or LimitMEMLOCK=1096K).")
    }
}
