// What the kernel charges to the locked-memory limit, provoked to the page as users of our own, in child processes.

import CBareRing
import Glibc
import KernelSupport
import RingArithmetic
import Testing
import UringQueue

@testable import UringBuffers

/// The limit is the user's, so each child becomes a user of its own, which only root can.
private let isRoot: Bool = {
    if geteuid() != 0 { print("SKIPPED: locked-memory limits: each needs a user of its own: run the tests as root") }
    return geteuid() == 0
}()

/// Registers and ends things on a ring and tells the error, 0 when it worked.
private struct Charger {
    private let owner: BareRing
    private var ring: Int32 { owner.descriptor }

    init(_ ring: BareRing) { owner = ring }

    func bufferRing(_ entries: Int, _ kind: RingMemoryKind = .application) -> Int32 {
        errno { () throws(UringError) in
            _ = try RingRegistration(
                ring: ring, id: 1, capacity: try! RingCapacity(entries), consumption: .whole, memory: kind,
                source: .anonymousMap
            ).isRegistered
        }
    }

    func fixedBuffers(_ bytes: Int) -> Int32 {
        errno { () throws(UringError) in
            let memory = try PageMemory(byteCount: bytes)
            let table = try FixedBufferTable(ring: ring, slots: 1)
            try SystemCalls.updateFixedSlot(
                descriptor: ring, slot: 0, address: UInt64(UInt(bitPattern: unsafe memory.baseAddress)),
                bytes: bytes)
            _ = table.slots
        }
    }

    /// Stays until the ring ends.
    func region(_ bytes: Int) -> Int32 {
        guard let memory = try? PageMemory(byteCount: bytes) else { return ENOMEM }
        return -test_register_region(ring, UInt64(UInt(bitPattern: unsafe memory.baseAddress)), UInt64(bytes))
    }

    private func errno(_ body: () throws(UringError) -> Void) -> Int32 {
        do throws(UringError) {
            try body()
            return 0
        } catch { return error.errno }
    }
}

@Suite(.enabled(if: isRoot)) struct MemlockBudgetTests {
    /// The table of the measurements: limits down, things to register across. The first ring is there all the time.
    fileprivate static let columns: [MemlockPlan.Item] = [
        .bufferRing(entries: 256), .bufferRing(entries: 32768), .fixedBuffers(bytes: 4096),
        .fixedBuffers(bytes: 1 << 20), .region(bytes: 4096),
    ]

    @Test(
        arguments: [
            (0, nil), (4096, nil), (8192, [false, false, false, false, false]),
            (64 << 10, [true, false, true, false, true]), (1 << 20, [true, true, true, false, true]),
            (8 << 20, [true, true, true, true, true]),
        ] as [(Int, [Bool]?)])
    func asMeasured(limit: Int, expected: [Bool]?) async {
        await #expect(processExitsWith: .success) { [limit, expected] in
            try #require(test_become_unprivileged(UInt64(limit)) == 0)
            let budget = MemlockBudget.current()
            try #require(budget.limit == limit && !budget.isExempt && budget.chargesRings)
            let first = MemlockPlan([.queue(entries: 8, completionEntries: 16)])
            #expect(budget.fits(first) == (expected != nil))
            guard let expected else {
                #expect(throws: (any Error).self) { try BareRing(entries: 8).descriptor }
                return
            }
            let ring = try BareRing(entries: 8)
            let charger = Charger(ring)
            for (item, works) in zip(MemlockBudgetTests.columns, expected) {
                let error: Int32 =
                    switch item {
                    case .bufferRing(let entries): charger.bufferRing(entries)
                    case .fixedBuffers(let bytes): charger.fixedBuffers(bytes)
                    case .region(let bytes): charger.region(bytes)
                    case .queue: EINVAL
                    }
                #expect(error == (works ? 0 : ENOMEM), "\(item) under \(limit)")
                #expect(budget.fits(first.and(item)) == works, "the prediction for \(item) under \(limit)")
            }
        }
    }

    /// With exactly what is predicted it works, with a page less it does not.
    @Test(arguments: [1, 128, 256, 512, 4096, 32768], RingMemoryKind.allCases)
    func bufferRingsToThePage(entries: Int, kind: RingMemoryKind) async {
        await #expect(processExitsWith: .success) { [entries, name = kind.rawValue as String] in
            try #require(test_become_unprivileged(8 << 20) == 0)
            let kind = try #require(RingMemoryKind(rawValue: name))
            let charger = Charger(try BareRing(entries: 8))
            let needed = MemlockBudget.current().charge(
                for: MemlockPlan([.queue(entries: 8, completionEntries: 16), .bufferRing(entries: entries)]))
            try #require(test_limit_locked_memory(UInt64(needed - 4096)) == 0)
            #expect(charger.bufferRing(entries, kind) == ENOMEM)
            try #require(test_limit_locked_memory(UInt64(needed)) == 0)
            #expect(charger.bufferRing(entries, kind) == 0)
        }
    }

    /// What an error advises is enough after two steps: it knows what it needs itself, then that others hold some.
    @Test(arguments: [16, 64, 512, 516])
    func adviceOfErrorsWorks(limitKiB: Int) async {
        await #expect(processExitsWith: .success) { [limitKiB] in
            try #require(test_become_unprivileged(8 << 20) == 0)
            let ring = try BareRing(entries: 8)
            var limit = limitKiB
            for step in 0...2 {
                try #require(test_limit_locked_memory(UInt64(limit) << 10) == 0)
                do throws(UringError) {
                    let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 32768, bufferSize: 64)
                    try group.close()
                    #expect(step > 0)
                    return
                } catch {
                    #expect(error.errno == ENOMEM && error.cause == .lockedMemory(needed: 512, limit: UInt32(limit)))
                    let text = try #require(error.remedy.firstMatch(of: /ulimit -l ([0-9]+)/)?.1)
                    limit = try #require(Int(text))
                }
            }
            Issue.record("\(limit) KiB are not enough either")
        }
    }

    /// Who is not limited is not sent to raise a limit.
    @Test func withoutALimitItIsTheMachine() {
        #expect(MemlockBudget(limit: 0, isExempt: true).cause(for: .bufferRing(entries: 8)) == .outOfMemory)
        #expect(MemlockBudget(limit: nil).cause(for: .fixedBuffers(bytes: 8)) == .outOfMemory)
        #expect(MemlockBudget(limit: 0, chargesRings: false).cause(for: .bufferRing(entries: 8)) == .outOfMemory)
        #expect(UringError(.createQueue, errno: ENOMEM, cause: .outOfMemory).remedy.contains("out of memory"))
    }

    @Test(arguments: [1, 4096, 4097, 1 << 20, (2 << 20) + 8192])
    func fixedBuffersAndRegionsToThePage(bytes: Int) async {
        await #expect(processExitsWith: .success) { [bytes] in
            try #require(test_become_unprivileged(8 << 20) == 0)
            let charger = Charger(try BareRing(entries: 8))
            let pages = (bytes + 4095) / 4096 * 4096
            for item: MemlockPlan.Item in [.fixedBuffers(bytes: bytes), .region(bytes: bytes)] {
                let attempt = { item.isRegion ? charger.region(pages) : charger.fixedBuffers(bytes) }
                let needed = MemlockBudget.current().charge(
                    for: MemlockPlan([.queue(entries: 8, completionEntries: 16), item]))
                try #require(test_limit_locked_memory(UInt64(needed - 4096)) == 0)
                #expect(attempt() == ENOMEM, "\(item)")
                try #require(test_limit_locked_memory(UInt64(needed)) == 0)
                #expect(attempt() == 0, "\(item)")
            }
        }
    }

    @Test(arguments: [(1, 2), (8, 16), (16, 128), (64, 512), (100, 200), (128, 512), (256, 2048), (4096, 8192)])
    func queuesToThePage(entries: Int, completionEntries: Int) async {
        await #expect(processExitsWith: .success) { [entries, completionEntries] in
            try #require(test_become_unprivileged(8 << 20) == 0)
            let needed = MemlockBudget.current().charge(
                for: .queue(entries: entries, completionEntries: completionEntries))
            let attempt = {
                do throws(UringError) {
                    _ = try UringQueue(entries: entries, completionEntries: completionEntries).mode
                    return Int32(0)
                } catch { return error.errno }
            }
            try #require(test_limit_locked_memory(UInt64(needed - 4096)) == 0)
            #expect(attempt() == ENOMEM)
            try #require(test_limit_locked_memory(UInt64(needed)) == 0)
            // What a failed attempt was charged comes back a while later.
            var last = attempt()
            for _ in 0..<10_000 where last == ENOMEM {
                usleep(1000)
                last = attempt()
            }
            #expect(last == 0)
        }
    }

    @Test func whatIsHeldIsSeen() async {
        await #expect(processExitsWith: .success) {
            try #require(test_become_unprivileged(4 << 20) == 0)
            let ring = try BareRing(entries: 8)
            let memory = try PageMemory(byteCount: 1 << 20)
            #expect(MemlockBudget.current().pinnedBytes == 0)
            let table = try FixedBufferTable(ring: ring.descriptor, slots: 2)
            try SystemCalls.updateFixedSlot(
                descriptor: ring.descriptor, slot: 0, address: UInt64(UInt(bitPattern: unsafe memory.baseAddress)),
                bytes: 1 << 20)
            let budget = MemlockBudget.current()
            #expect(budget.pinnedBytes == 1 << 20)
            #expect(budget.available == 3 << 20)
            #expect(table.slots == 2)
        }
    }

    /// Whoever has the capability when the ring is made is never charged for it; others are.
    @Test func exemptionIsAsTold() async {
        await #expect(processExitsWith: .success) {
            let isExempt = MemlockBudget.current().isExempt
            try #require(test_limit_locked_memory(0) == 0)
            let ring = try? BareRing(entries: 8)
            #expect((ring != nil) == isExempt)
            #expect(MemlockBudget.current().fits(.pool(entries: 256, buffers: 32768)) == isExempt)
        }
        await #expect(processExitsWith: .success) {
            try #require(MemlockBudget.current().isExempt)
            let ring = try BareRing(entries: 8)
            try #require(test_become_unprivileged(8192) == 0)
            #expect(!MemlockBudget.current().isExempt)
            #expect(Charger(ring).bufferRing(32768) == 0, "a ring made before is never charged")
        }
    }

    /// Following the advice is enough.
    @Test(arguments: [8192, 32 << 10, 256 << 10])
    func theAdviceIsEnough(limit: Int) async {
        await #expect(processExitsWith: .success) { [limit] in
            try #require(test_become_unprivileged(8 << 20) == 0)
            let ring = try BareRing(entries: 8)
            let plan = MemlockPlan([.queue(entries: 8, completionEntries: 16), .bufferRing(entries: 32768)])
            try #require(test_limit_locked_memory(UInt64(limit)) == 0)
            let charger = Charger(ring)
            try #require(charger.bufferRing(32768) == ENOMEM)
            let budget = MemlockBudget.current()
            let text = budget.explain(plan)
            let advice = try #require(text.firstMatch(of: /ulimit -l ([0-9]+)/).flatMap { Int($0.1) })
            #expect(text.contains("limit of \(limit / 1024) KiB"), "\(text)")
            #expect(text.contains("a ring of 32768 buffers: 512 KiB"), "\(text)")
            try #require(test_limit_locked_memory(UInt64(advice * 1024)) == 0)
            #expect(charger.bufferRing(32768) == 0, "\(text)")
        }
    }
}

extension MemlockPlan.Item {
    fileprivate var isRegion: Bool { if case .region = self { true } else { false } }
}
