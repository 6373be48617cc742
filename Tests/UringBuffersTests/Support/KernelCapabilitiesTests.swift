// What the probe says against what the kernel does, and abilities made by hand.

import CBareRing
import Foundation
import KernelSupport
import RingArithmetic
import Testing
import UringQueue

@testable import UringBuffers

@Suite struct KernelCapabilitiesTests {
    /// The number of the error, nil when it works.
    private func outcome(_ body: () throws(UringError) -> Void) -> Int32? {
        do throws(UringError) {
            try body()
            return nil
        } catch { return error.errno }
    }

    @Test func everyBufferRingFeatureIsAsProbed() throws {
        let kernel = try KernelCapabilities.probe()
        let ring = try BareRing()
        func registers(_ consumption: Consumption = .whole, memory: RingMemoryKind = .application) -> Bool {
            outcome { () throws(UringError) in
                _ = try RingRegistration(
                    ring: ring.descriptor, id: 5, capacity: try! RingCapacity(8), consumption: consumption,
                    memory: memory, source: .anonymousMap
                ).isRegistered
            } == nil
        }
        #expect(kernel.has(.bufferRings) == registers())
        #expect(kernel.has(.kernelRings) == registers(memory: .kernel))
        #expect(kernel.has(.incremental) == registers(.incremental()))
        #expect(kernel.has(.minimumLeft) == registers(.incremental(minimumLeft: 16)))
        let group = try BufferGroup(ring: ring.descriptor, id: 6, capacity: 8, bufferSize: 64)
        #expect(kernel.has(.ringHead) == (group.books().unreaped != nil))
    }

    @Test func everyQueueFeatureIsAsProbed() throws {
        let kernel = try KernelCapabilities.probe()
        let queue = try UringQueue(entries: 4)
        #expect(kernel.has(.bundles) == queue.supportsBundles)
        #expect(kernel.has(.receiveBudget) == UringQueue.supportsReceiveBudget())
        #expect(
            kernel.has(.deferredTaskRun)
                == (outcome { () throws(UringError) in
                    _ = try UringQueue(entries: 4, mode: .deferred).mode
                } == nil))
        let pair = SocketPair()
        let group = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 8, bufferSize: 64)
        queue.receiveMultishot(from: pair.reader, into: group, tag: 1)
        _ = try queue.wait(timeout: .zero)
        var ended = false
        queue.forEachCompletion { ended = ended || $0.isFinal }
        #expect(kernel.has(.multishotReceive) == !ended)
    }

    @Test func everyMemoryFeatureIsAsProbed() throws {
        let kernel = try KernelCapabilities.probe()
        let ring = try BareRing()
        let slots = kernel.fixedBufferSlots
        #expect(kernel.has(.fixedBuffers) == (slots > 0))
        if slots > 0 {
            let works = outcome { () throws(UringError) in
                _ = try FixedBufferTable(ring: ring.descriptor, slots: slots).slots
            }
            #expect(works == nil, "a table of as many slots as probed")
            if slots < FixedBufferTable.mostSlots {
                #expect(
                    outcome { () throws(UringError) in
                        _ = try FixedBufferTable(ring: ring.descriptor, slots: slots * 2).slots
                    } == EINVAL)
            }
        }
        let memory = try PageMemory(byteCount: 4096)
        let address = UInt64(UInt(bitPattern: unsafe memory.baseAddress))
        let error = test_register_region(ring.descriptor, address, 4096)
        #expect(kernel.has(.memoryRegions) == (error == 0), "errno \(-error)")
    }

    /// What this project needs to run its own tests.
    @Test func whatEveryKernelSinceItsReleaseHas() throws {
        let kernel = try KernelCapabilities.probe()
        let expected = KernelCapabilities.documented(for: min(KernelRelease.current, KernelRelease(6, 18)))
        #expect(
            kernel.features.isSuperset(of: expected.features),
            "Linux \(KernelRelease.current) lacks \(expected.features.subtracting(kernel.features))")
        #expect(kernel.fixedBufferSlots == expected.fixedBufferSlots)
    }

    @Test func probesAgreeAndLeaveNothingBehind() async {
        await #expect(processExitsWith: .success) {
            let first = try KernelCapabilities.probe()
            let descriptors = ProcessState.settledDescriptors
            for _ in 0..<100 { #expect(try KernelCapabilities.probe() == first) }
            #expect(ProcessState.settledDescriptors == descriptors)
        }
    }

    /// Two pages of locked memory are enough for all questions, and a lack of more changes no answer.
    @Test func aTightLockedMemoryLimitChangesNoAnswer() async throws {
        let privileged = try JSONEncoder().encode(try KernelCapabilities.probe())
        await #expect(processExitsWith: .success) { [privileged = privileged as Data] in
            try #require(test_become_unprivileged(8192) == 0)
            #expect(try KernelCapabilities.probe() == JSONDecoder().decode(KernelCapabilities.self, from: privileged))
        }
        await #expect(processExitsWith: .success) {
            try #require(test_become_unprivileged(4096) == 0)
            let error = #expect(throws: UringError.self) { _ = try KernelCapabilities.probe() }
            #expect(error?.operation == .createQueue && error?.errno == ENOMEM)
        }
    }

    @Test func asText() throws {
        let made = KernelCapabilities([.bundles, .fixedBuffers, .bufferRings], fixedBufferSlots: 1024)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let text = String(decoding: try encoder.encode(made), as: UTF8.self)
        #expect(text == #"{"features":["bufferRings","bundles","fixedBuffers"],"fixedBufferSlots":1024}"#)
        #expect(try JSONDecoder().decode(KernelCapabilities.self, from: Data(text.utf8)) == made)
        let unknown = Data(text.replacing("bundles", with: "wings").utf8)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(KernelCapabilities.self, from: unknown) }
    }

    @Test func madeByHand() {
        let old = KernelCapabilities.documented(for: KernelRelease(6, 1, 55))
        #expect(old.has(.bufferRings) && old.has(.multishotReceive) && old.has(.zeroCopySendMessage))
        #expect(!old.has(.kernelRings) && !old.has(.bundles) && !old.has(.incremental))
        #expect(KernelCapabilities.documented(for: KernelRelease(5, 6)) == .nothing)
        #expect(KernelCapabilities.nothing.fixedBufferSlots == 0)
        #expect(!old.without(.bufferRings, .zeroCopySend).has(.bufferRings))
        #expect(old.without(.fixedBuffers).fixedBufferSlots == 0)
        #expect(old.without(.bundles) == old)
    }
}
