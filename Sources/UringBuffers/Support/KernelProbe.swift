// The questions that find out what the running kernel can do.

internal import CUring
import Glibc

extension KernelCapabilities {
    /// Asks the running kernel, with one throw-away ring of two entries.
    ///
    /// Each question is a call that fails in a telling way or ends at once; two receives tell about their flags. About
    /// twenty system calls, 0.2 ms; on kernels before 6.13 the end of a table of fixed buffers may
    /// take tens of milliseconds. Ask once and keep the value. Two pages are charged to the locked-memory limit until
    /// shortly after.
    ///
    /// - Throws: ``UringError`` when no ring can be made: `EPERM` or `ENOSYS` when io_uring is forbidden, `ENOMEM` at the
    ///   locked-memory limit, `EMFILE` at that of descriptors.
    public static func probe() throws(UringError) -> KernelCapabilities {
        let ring = try ProbeRing()
        let descriptor = ring.descriptor
        var found: Set<KernelFeature> = []
        func note(_ feature: KernelFeature, _ answer: Int32) { if answer == 1 { found.insert(feature) } }
        note(.deferredTaskRun, ring.isDeferred ? 1 : 0)
        note(.bundles, ring.features & CURING_FEAT_RECVSEND_BUNDLE != 0 ? 1 : 0)
        note(.providedBuffers, curing_knows_opcode(descriptor, CURING_OP_PROVIDE_BUFFERS))
        note(.zeroCopySend, curing_knows_opcode(descriptor, CURING_OP_SEND_ZC))
        note(.zeroCopySendMessage, curing_knows_opcode(descriptor, CURING_OP_SENDMSG_ZC))
        note(.zeroCopyReceive, curing_knows_opcode(descriptor, CURING_OP_RECV_ZC))
        note(.bufferRings, curing_knows_buffer_ring(descriptor, 0, 0))
        note(.kernelRings, curing_knows_kernel_ring(descriptor))
        note(.ringHead, curing_knows_ring_head(descriptor))
        note(.incremental, curing_knows_buffer_ring(descriptor, CURING_PBUF_RING_INC, 0))
        note(.minimumLeft, curing_knows_buffer_ring(descriptor, CURING_PBUF_RING_INC, 1))
        note(.fixedBuffers, curing_knows_fixed_slots(descriptor, 1))
        note(.cloneBuffers, curing_knows_clone(descriptor, 0))
        note(.clonePartOfBuffers, curing_knows_clone(descriptor, 1))
        note(.memoryRegions, curing_knows_regions(descriptor))
        // Their arguments lie in a region.
        if found.contains(.memoryRegions) { note(.registeredWaits, curing_knows_registered_waits(descriptor)) }
        note(.query, curing_knows_query(0))
        note(.zeroCopyReceiveQuery, curing_knows_query(1))
        found.formUnion(ring.receives())
        return KernelCapabilities(found, fixedBufferSlots: found.contains(.fixedBuffers) ? slots(descriptor) : 0)
    }

    /// Whether multishot receives keep to a budget, and nothing else: for those who need only this.
    package static func probeReceiveBudget() -> Bool {
        guard let ring = try? ProbeRing() else { return false }
        return ring.receives().contains(.receiveBudget)
    }

    /// The largest power of two from today's limit down.
    private static func slots(_ descriptor: Int32) -> Int {
        var slots = UInt32(FixedBufferTable.mostSlots)
        while slots > 1, curing_knows_fixed_slots(descriptor, slots) != 1 { slots /= 2 }
        return Int(slots)
    }
}

/// A ring to ask questions with.
@safe
private struct ProbeRing: ~Copyable {
    private let ring: OpaquePointer
    let descriptor: Int32
    let features: UInt32
    /// Whether the kernel accepted deferred work.
    let isDeferred: Bool

    init() throws(UringError) {
        var made: OpaquePointer?
        var isDeferred = true
        // Safe, here and below: the call writes the one pointer when it succeeds.
        var error = unsafe curing_queue_create(
            2, 0, CURING_SETUP_SINGLE_ISSUER | CURING_SETUP_DEFER_TASKRUN, &made)
        if error == -EINVAL {
            isDeferred = false
            error = unsafe curing_queue_create(2, 0, 0, &made)
        }
        guard error == 0, let made = unsafe made else {
            throw UringError(.createQueue, errno: -error, charging: .queue(entries: 2, completionEntries: 4))
        }
        unsafe ring = unsafe made
        // Safe: the ring lives until deinit.
        descriptor = unsafe curing_queue_descriptor(made)
        features = unsafe curing_queue_features(made)
        self.isDeferred = isDeferred
    }

    deinit { unsafe curing_queue_destroy(ring) }

    /// Receives from a socket without data into a group that does not exist: ENOBUFS where the kernel knows the flag
    /// or field, EINVAL where it does not.
    func receives() -> Set<KernelFeature> {
        var pair: [Int32] = [-1, -1]
        // Safe: socketpair writes the two descriptors.
        guard curing_fails(CURING_CALL_SOCKETPAIR) == 0,
            unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0
        else { return [] }
        defer { for end in pair { curing_close(end) } }
        let kinds: [(feature: KernelFeature, budget: Int)] = [(.multishotReceive, 0), (.receiveBudget, 64)]
        for (tag, kind) in kinds.enumerated() {
            var receive = curing_submission()
            receive.opcode = CURING_OP_RECV
            receive.flags = CURING_SQE_BUFFER_SELECT
            receive.ioprio = CURING_RECV_MULTISHOT
            receive.fd = pair[0]
            receive.length = UInt32(kind.budget)
            receive.optlen = UInt32(kind.budget)
            receive.buffer_group = .max
            receive.user_data = UInt64(tag)
            // Safe: the call copies the entry, of which there is room for two.
            guard unsafe curing_queue_push(ring, &receive) == 0 else { return [] }
        }
        // Both end at once; the limit is for a kernel that holds on to one. Closing the ring ends it then.
        _ = unsafe curing_queue_submit_and_wait(ring, UInt32(kinds.count), 1_000_000_000, 0)
        var found: Set<KernelFeature> = []
        var completion = curing_completion()
        // Safe: reaps at most one completion into the one value.
        while unsafe curing_queue_reap(ring, &completion, 1) == 1 {
            if completion.result == -ENOBUFS { found.insert(kinds[Int(completion.user_data)].feature) }
        }
        return found
    }
}
