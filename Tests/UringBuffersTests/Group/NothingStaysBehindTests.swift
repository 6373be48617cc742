// After a refusal nothing stays registered, mapped or open; in child processes, where nothing else happens meanwhile.

import CBareRing
import Glibc
import KernelSupport
import RingArithmetic
import Testing
import UringBuffers
import UringQueue

/// A leaked ring of 512 KiB in each of 600 rounds would be 300 MiB; threads of the runtime may start meanwhile, with
/// stacks of 8 MiB.
private let tolerance = 100 << 20

@Suite struct NothingStaysBehindTests {
    @Test func refusalsLeakNeitherDescriptorsNorMappings() async {
        await #expect(processExitsWith: .success) {
            test_use_one_arena()
            let ring = try BareRing()
            let taken = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 64)
            let null = unsafe open("/dev/null", O_RDWR)
            func refuse(_ ring: Int32, _ id: BufferGroupID, _ kind: RingMemoryKind, _ capacity: Int = 32768) {
                do throws(UringError) {
                    _ = try BufferGroup(
                        ring: ring, id: id, capacity: capacity, bufferSize: 64, ringMemory: kind
                    ).id
                    Issue.record("accepted")
                } catch {}
            }
            func refuseAll() {
                for kind in RingMemoryKind.allCases {
                    refuse(ring.descriptor, 1, kind)
                    refuse(null, 2, kind)
                    refuse(-1, 2, kind)
                    refuse(ring.descriptor, 2, kind, 30_000)
                }
                refuse(ring.descriptor, 40_000, .kernel)
            }
            refuseAll()
            let descriptors = ProcessState.settledDescriptors
            let bytes = ProcessState.mappedBytes
            for _ in 0..<600 { refuseAll() }
            #expect(ProcessState.settledDescriptors == descriptors)
            #expect(ProcessState.mappedBytes - bytes < tolerance)
            #expect(taken.books().balanced)
        }
    }

    @Test(arguments: RingMemoryKind.allCases)
    func groupsThatEndLeakNothing(kind: RingMemoryKind) async {
        await #expect(processExitsWith: .success) { [name = kind.rawValue as String] in
            test_use_one_arena()
            let kind = try #require(RingMemoryKind(rawValue: name))
            func liveAndDie(_ ring: Int32, close: Bool) throws {
                let group = try BufferGroup(
                    ring: ring, id: 1, capacity: 32768, bufferSize: 64, ringMemory: kind)
                if close { try group.close() }
            }
            let ring = try BareRing()
            try liveAndDie(ring.descriptor, close: true)
            let descriptors = ProcessState.settledDescriptors
            let bytes = ProcessState.mappedBytes
            for round in 0..<600 { try liveAndDie(ring.descriptor, close: round % 2 == 0) }
            #expect(ProcessState.settledDescriptors == descriptors)
            #expect(ProcessState.mappedBytes - bytes < tolerance)
            #expect(BufferGroup.abandonedBytes == 0)
        }
    }

    /// The kernel charges rings to the user's locked-memory limit; only a child process may try that.
    @Test(arguments: RingMemoryKind.allCases)
    func lockedMemoryLimitIsENOMEM(kind: RingMemoryKind) async {
        await #expect(processExitsWith: .success) { [name = kind.rawValue as String] in
            test_use_one_arena()
            let kind = try #require(RingMemoryKind(rawValue: name))
            try #require(test_become_unprivileged(64 * 1024) == 0)
            let ring = try BareRing(entries: 8)
            let descriptors = ProcessState.settledDescriptors
            let bytes = ProcessState.mappedBytes
            for _ in 0..<600 {
                let error = #expect(throws: UringError.self) {
                    _ = try BufferGroup(
                        ring: ring.descriptor, id: 1, capacity: 32768, bufferSize: 64, ringMemory: kind
                    ).id
                }
                #expect(error?.operation == .registerBufferRing && error?.errno == ENOMEM)
                #expect(error?.cause == .lockedMemory(needed: 512, limit: 64))
            }
            #expect(ProcessState.settledDescriptors == descriptors)
            #expect(ProcessState.mappedBytes - bytes < tolerance)
            // Small rings still fit, again and again: what was charged comes back at once.
            for _ in 0..<50 {
                let group = try BufferGroup(
                    ring: ring.descriptor, id: 1, capacity: 128, bufferSize: 64, ringMemory: kind)
                try group.close()
            }
        }
    }

    @Test func queueAtTheLockedMemoryLimitIsENOMEM() async {
        await #expect(processExitsWith: .success) {
            try #require(test_become_unprivileged(8192) == 0)
            let error = #expect(throws: UringError.self) { _ = try UringQueue(entries: 4096).descriptor }
            #expect(error?.operation == .createQueue && error?.errno == ENOMEM)
            #expect(error?.cause == .lockedMemory(needed: 256 + 148, limit: 8), "\(error?.remedy ?? "")")
        }
    }

    @Test func noDescriptorsLeftIsEMFILE() async {
        await #expect(processExitsWith: .success) {
            test_use_one_arena()
            let ring = try BareRing()
            var limit = rlimit(rlim_cur: 64, rlim_max: 1024)
            try #require(unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
            var copies: [Int32] = []
            while true {
                let copy = dup(ring.descriptor)
                guard copy >= 0 else { break }
                copies.append(copy)
            }
            var error: UringError?
            do throws(UringError) {
                _ = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 64).id
            } catch let refused { error = refused }
            var queueError: UringError?
            do throws(UringError) { _ = try UringQueue().descriptor } catch let refused { queueError = refused }
            // The test's own machinery needs descriptors too.
            for copy in copies { _ = close(copy) }
            #expect(error?.operation == .duplicateDescriptor && error?.errno == EMFILE)
            #expect(error?.remedy.contains("ulimit -n") == true)
            #expect(queueError?.operation == .createQueue && queueError?.errno == EMFILE)
        }
    }
}
