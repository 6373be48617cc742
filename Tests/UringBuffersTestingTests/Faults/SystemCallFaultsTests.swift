// The seam itself: which calls fail, when, and for whom; and defects that it found.

import CBareRing
import Glibc
import KernelSupport
import RingArithmetic
import Testing
import UringBuffers
import UringBuffersTesting
import UringQueue

@Suite struct SystemCallFaultsTests {
    @Test func theNthCallFailsAndTheOthersDoNot() throws {
        let faults = SystemCallFaults()
        faults.fail(.memfdCreate, with: EMFILE, after: 1, times: 2)
        var errors: [Int32] = []
        for _ in 0..<5 {
            do throws(UringError) {
                _ = try PageMemory(byteCount: 4096, source: .memoryFile(name: "faults"))
                errors.append(0)
            } catch { errors.append(error.errno) }
        }
        #expect(errors == [0, EMFILE, EMFILE, 0, 0])
        #expect(faults.count(of: .memfdCreate) == 5)
        #expect(faults.injected == 2)
    }

    @Test func aKindFailsUntilItIsRestoredOrTheValueGoes() throws {
        do {
            let faults = SystemCallFaults()
            faults.fail(.setup, with: EPERM)
            for _ in 0..<3 {
                #expect(throws: UringError(.createQueue, errno: EPERM)) { _ = try UringQueue(entries: 2) }
            }
            faults.restore(.setup)
            _ = try UringQueue(entries: 2)
            faults.fail(.setup, with: EPERM)
        }
        _ = try UringQueue(entries: 2)
    }

    @Test func otherThreadsAreLeftAlone() throws {
        let faults = SystemCallFaults()
        faults.fail(.eventfd, with: EMFILE)
        var made = false
        onOtherThread { made = (try? UringQueue(entries: 2).makeWakeUp()) != nil }
        #expect(made)
        #expect(faults.count(of: .eventfd) == 0)
    }

    /// The duplicate of the ring's descriptor goes when the ring is unregistered, not with the last handle.
    @Test func aHandleThatOutlivesItsGroupKeepsNoRing() async {
        await #expect(processExitsWith: .success) {
            func keep() throws -> ProvidedBuffer? {
                let pair = SocketPair(.unix)
                pair.write([1, 2, 3])
                let queue = try UringQueue(entries: 2)
                let group = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 2, bufferSize: 64)
                queue.receive(from: pair.reader, into: group, tag: 1)
                try queue.wait()
                var kept: ProvidedBuffer?
                queue.forEachCompletion { if case .buffer(let buffer) = group.take($0) { kept = consume buffer } }
                try group.close()
                return kept
            }
            // What the first use of anything opens for good is not meant.
            _ = try keep()
            let before = ProcessState.settledDescriptors
            let kept = try keep()
            #expect(kept?.count == 3)
            #expect(ProcessState.settledDescriptors == before)
        }
    }

    @Test func aRingThatIsUnregisteredAsksNobody() throws {
        let queue = try UringQueue(entries: 2)
        var ring = try BufferRing(ring: queue.descriptor, id: 5, capacity: RingCapacity(covering: 4)!)
        try ring.unregister()
        let faults = SystemCallFaults()
        #expect(throws: UringError(.readBufferRingHead, errno: ENOENT)) { _ = try ring.kernelHead() }
        #expect(faults.count(of: .registerBufferStatus) == 0)
    }

    /// Signals end the cancelling of sends early: it is done again, and their buffers come home.
    @Test func aSignalDoesNotKeepTheBuffersOfSends() throws {
        let far = SocketPair(.unix)
        far.shrink()
        let pair = SocketPair(.unix)
        pair.enlarge(to: 1 << 20)
        let other = try UringQueue(entries: 2)
        let group = try BufferGroup(ring: other.descriptor, id: 1, capacity: 2, bufferSize: 1 << 18)
        pair.write([UInt8](repeating: 7, count: 1 << 18))
        other.receive(from: pair.reader, into: group, tag: 1)
        try other.wait()
        let faults = SystemCallFaults()
        do {
            let queue = try UringQueue(entries: 2)
            other.forEachCompletion {
                if case .buffer(let buffer) = group.take($0) { queue.send(buffer, to: far.writer, tag: 2) }
            }
            try queue.submit()
            faults.fail(.registerSyncCancel, with: EINTR, times: 3)
        }
        #expect(faults.injected == 3)
        group.refill()
        #expect(group.lent == 0)
    }

    /// What a descriptor is cannot be told: an incremental receive, which datagrams spoil, is refused.
    @Test func aReceiveIntoPiecesIsRefusedWhenTheSocketIsUnknown() throws {
        let pair = SocketPair(.unix)
        pair.write([1])
        let queue = try UringQueue(entries: 2)
        let group = try BufferGroup(
            ring: queue.descriptor, id: 1, capacity: 2, bufferSize: 64, consumption: .incremental(minimumLeft: 0))
        let faults = SystemCallFaults()
        faults.fail(.getsockopt, with: ENOBUFS)
        queue.receive(from: pair.reader, into: group, tag: 1)
        try queue.wait()
        var errors: [Int32] = []
        queue.forEachCompletion { if case .failed(let error) = group.take($0) { errors.append(error.errno) } }
        #expect(errors == [EINVAL])
    }
}
