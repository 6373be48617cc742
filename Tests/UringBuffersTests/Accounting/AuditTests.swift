// Steps that are counted twice: the audit says so, as data, and nothing is corrected.

import KernelSupport
import Testing
import UringBuffers

@Suite struct AuditTests {
    @Test(arguments: BufferGroup.PlantedFault.allCases, [true, false])
    func aStepThatIsCountedTwiceIsFound(fault: BufferGroup.PlantedFault, isBusy: Bool) throws {
        let kernel = PlayedKernel(bufferSize: 16, seed: 1)
        let group = try BufferGroup(
            consumer: kernel, id: 3, capacity: 8, bufferSize: 16, consumption: .whole, refill: .adaptive,
            wakeOnReturn: nil)
        let monitor = PoolMonitor()
        monitor.watch(group, named: "planted")
        var held = BufferBundle?.none
        if isBusy {
            let completion = kernel.complete(bytes: 40, most: 3, quietly: false)
            guard case .bundle(let bundle) = group.take(result: completion.result, flags: completion.flags) else {
                Issue.record("no bundle")
                return
            }
            held = consume bundle
        }
        #expect(group.audit().isEmpty && group.books().auditFailures == 0)
        group.plant(fault)
        let books = group.books()
        #expect(!books.balanced && !books.violations.isEmpty)
        #expect(books.states.total == 8, "the sum is the capacity whatever was counted")
        #expect(books.auditFailures == 1 && group.books().auditFailures == 2, "each audit counts")
        // Whoever only reads sees the count, and what the last audit found.
        let seen = monitor.snapshot().groups[0]
        #expect(seen.auditFailures == 2 && seen.isConsistent)
        #expect(Set(seen.violations) == Set(books.violations))
        // What goes on from here is right again.
        group.plant(fault, count: -1)
        #expect(group.audit().isEmpty && monitor.snapshot().balanced)
        held = nil
        let isHome = held == nil
        #expect(isHome && group.audit().isEmpty && group.books().states.lent == 0)
    }

    /// The kernel's head is the third witness: it is ahead of what completions told by what was not taken.
    @Test func theKernelsHeadIsCompared() throws {
        let kernel = PlayedKernel(bufferSize: 16, seed: 1)
        let group = try BufferGroup(
            consumer: kernel, id: 3, capacity: 8, bufferSize: 16, consumption: .whole, refill: .adaptive,
            wakeOnReturn: nil)
        let completion = kernel.complete(bytes: 40, most: 3, quietly: false)
        #expect(group.books().unreaped == 3 && group.audit().isEmpty)
        _ = group.take(result: completion.result, flags: completion.flags)
        #expect(group.books().unreaped == 0 && group.audit().isEmpty)
        #expect(group.books().unusedBytes == 8)
    }
}
