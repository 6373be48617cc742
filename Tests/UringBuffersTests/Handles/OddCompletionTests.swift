// Completions that nobody expects: told twice, of no receive, with flags that nobody knows.

import Glibc
import KernelSupport
import Testing
import UringBuffers
import UringQueue

@Suite struct OddCompletionTests {
    /// A notification that no result announced would make the next send's lease end too soon: with the kernel reading.
    @Test func aNotificationToldTwiceTrapsOrChangesNothing() async {
        await #expect(processExitsWith: .failure) {
            let ring = try BareRing()
            let pair = SocketPair()
            let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 4, bufferSize: 16)
            pair.write([1, 2, 3, 4])
            ring.receive(from: pair.reader, into: group, multishot: false, bundle: false, tag: 1)
            guard case .buffer(let buffer) = group.take(try ring.completions(atLeast: 1)[0]) else { return }
            var lease = SendLease(buffer)
            lease.began()
            _ = lease.complete(result: 2, flags: .more)
            _ = lease.complete(result: 0, flags: .notification)
            _ = lease.complete(result: 0, flags: .notification)
            lease.began()
            _ = lease.complete(result: 2, flags: .more)
            // Released, with a notification to come.
            exit(lease.isReleased ? 0 : 1)
        }
    }

    /// A notification's result is the smallest integer: whoever hands it to the group gets an answer, not a trap.
    @Test func theSmallestResultDoesNotTrap() async {
        await #expect(processExitsWith: .success) {
            let ring = try BareRing()
            let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 16)
            _ = group.take(Completion(tag: 1, result: .min, flags: .notification))
        }
    }

    /// Flags of somebody else's making are no refusal of ours.
    @Test func unknownFlagsOfAFailureDoNotTrap() async {
        await #expect(processExitsWith: .success) {
            precondition(Completion(tag: 1, result: -5, flags: CompletionFlags(rawValue: 0xffff_0000)).refusal == nil)
        }
    }
}
