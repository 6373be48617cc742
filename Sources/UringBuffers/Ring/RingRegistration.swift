// A ring's registration with the kernel, and the memory of its entries.

internal import CUring
import Glibc
internal import RingArithmetic

/// Owns the memory of the entries, its registration, and a hold on the kernel. Dropping it ends all three.
@safe
struct RingRegistration: ~Copyable {
    let id: BufferGroupID
    let memoryKind: RingMemoryKind
    private let kernel: RingKernel
    private(set) var isRegistered = true
    private let memory: RingMemory

    /// Group ids from here on cannot be mapped, and those from 32768 on alias lower ones (kernel-allocated memory).
    static let mappableGroupIDs: UInt16 = 2048

    init(
        ring: Int32, id: BufferGroupID, capacity: RingCapacity, consumption: Consumption, memory kind: RingMemoryKind,
        source: PageSource
    ) throws(UringError) {
        if kind == .kernel, id.rawValue >= RingRegistration.mappableGroupIDs {
            throw UringError(.registerBufferRing, errno: EINVAL, cause: .unmappableGroup(id.rawValue))
        }
        try RingRegistration.check(consumption)
        let descriptor = try SystemCalls.duplicate(ring)
        do throws(UringError) {
            memory = try RingRegistration.register(
                descriptor, id: id, capacity: capacity, consumption: consumption, kind: kind, source: source)
        } catch {
            curing_close(descriptor)
            throw error
        }
        kernel = .descriptor(descriptor)
        self.id = id
        memoryKind = kind
    }

    /// Registers entries in memory that the caller made.
    init(
        ring: Int32, id: BufferGroupID, capacity: RingCapacity, consumption: Consumption, entries: consuming PageMemory
    ) throws(UringError) {
        try RingRegistration.check(consumption)
        guard entries.byteCount >= capacity.entries * Int(CURING_ENTRY_BYTES) else {
            throw UringError(.registerBufferRing, errno: EINVAL, cause: .byteCount(entries.byteCount))
        }
        RingRegistration.zero(entries)
        let descriptor = try SystemCalls.duplicate(ring)
        do throws(UringError) {
            try RingRegistration.registerApplication(entries, descriptor, id, capacity, consumption)
        } catch {
            curing_close(descriptor)
            throw RingRegistration.explained(error, consumption)
        }
        memory = .application(entries)
        kernel = .descriptor(descriptor)
        self.id = id
        memoryKind = .application
    }

    /// Registers application memory with a consumer that is not a kernel.
    init(
        consumer: any BufferRingConsumer, id: BufferGroupID, capacity: RingCapacity, consumption: Consumption
    ) throws(UringError) {
        let entries = try RingRegistration.zeroedMemory(capacity: capacity, source: .anonymousMap)
        unsafe try consumer.register(
            entries.baseAddress, entries: capacity.entries, id: id, consumption: consumption)
        memory = .application(entries)
        kernel = .consumer(consumer)
        self.id = id
        memoryKind = .application
    }

    deinit {
        // An error means that the registration is gone already, or that another thread owns the single-issuer ring;
        // then the kernel keeps the pages pinned until the ring itself goes away with its last descriptor.
        guard isRegistered else { return }
        try? kernel.unregister(id)
        kernel.letGo()
    }

    var baseAddress: UnsafeMutableRawPointer { unsafe memory.baseAddress }

    var consumer: (any BufferRingConsumer)? {
        if case .consumer(let consumer) = kernel { consumer } else { nil }
    }

    func kernelHead() throws(UringError) -> RingIndex {
        guard isRegistered else { throw UringError(.readBufferRingHead, errno: ENOENT) }
        return RingIndex(try kernel.head(of: id))
    }

    mutating func unregister() throws(UringError) {
        guard isRegistered else { throw UringError(.unregisterBufferRing, errno: ENOENT) }
        try kernel.unregister(id)
        isRegistered = false
        // Not when the memory goes: handles may outlive the ring, and must not keep it.
        kernel.letGo()
    }

    /// Closes the descriptor of a registration that is never dropped, so that at least the ring can end.
    func letGo() { if isRegistered { kernel.letGo() } }

    private static func register(
        _ descriptor: Int32, id: BufferGroupID, capacity: RingCapacity, consumption: Consumption,
        kind: RingMemoryKind, source: PageSource
    ) throws(UringError) -> RingMemory {
        do throws(UringError) {
            return try registerMemory(
                descriptor, id: id, capacity: capacity, consumption: consumption, kind: kind, source: source)
        } catch {
            throw explained(error, consumption)
        }
    }

    private static func check(_ consumption: Consumption) throws(UringError) {
        guard UInt32(exactly: consumption.minimumLeft) != nil else {
            throw UringError(.registerBufferRing, errno: EINVAL, cause: .minimumLeft(consumption.minimumLeft))
        }
    }

    private static func explained(_ error: UringError, _ consumption: Consumption) -> UringError {
        // Every other argument was checked.
        guard error.errno == EINVAL, consumption.isIncremental else { return error }
        return UringError(error.operation, errno: EINVAL, cause: .incremental(minimumLeft: consumption.minimumLeft))
    }

    private static func registerApplication(
        _ memory: borrowing PageMemory, _ descriptor: Int32, _ id: BufferGroupID, _ capacity: RingCapacity,
        _ consumption: Consumption
    ) throws(UringError) {
        unsafe try SystemCalls.registerBufferRing(
            descriptor: descriptor, address: UInt64(UInt(bitPattern: memory.baseAddress)), entries: capacity.entries,
            group: id.rawValue, flags: consumption.registrationFlags, minimumLeft: consumption.minimumLeft)
    }

    private static func registerMemory(
        _ descriptor: Int32, id: BufferGroupID, capacity: RingCapacity, consumption: Consumption,
        kind: RingMemoryKind, source: PageSource
    ) throws(UringError) -> RingMemory {
        switch kind {
        case .application:
            let memory = try zeroedMemory(capacity: capacity, source: source)
            try registerApplication(memory, descriptor, id, capacity, consumption)
            return .application(memory)
        case .kernel:
            try SystemCalls.registerBufferRing(
                descriptor: descriptor, address: 0, entries: capacity.entries, group: id.rawValue,
                flags: CURING_PBUF_RING_MMAP | consumption.registrationFlags, minimumLeft: consumption.minimumLeft)
            do throws(UringError) {
                let bytes = try PageMemory.roundedToPages(capacity.entries * Int(CURING_ENTRY_BYTES))
                return .kernel(try KernelRingMapping(descriptor: descriptor, group: id, byteCount: bytes))
            } catch {
                try? SystemCalls.unregisterBufferRing(descriptor: descriptor, group: id.rawValue)
                throw error
            }
        }
    }

    private static func zeroedMemory(capacity: RingCapacity, source: PageSource) throws(UringError) -> PageMemory {
        let memory = try PageMemory(byteCount: capacity.entries * Int(CURING_ENTRY_BYTES), source: source)
        zero(memory)
        return memory
    }

    private static func zero(_ memory: borrowing PageMemory) {
        // The kernel honours the tail it finds, and its head starts at 0.
        // Safe: the memory is ours and at least one page long.
        unsafe memory.baseAddress.initializeMemory(as: UInt8.self, repeating: 0, count: memory.byteCount)
    }
}
