// Connections: accept, connect, shut down, close.

internal import CUring
import Glibc
internal import UringBuffers

/// Which directions of a connection to shut down.
public enum ShutdownDirection: Int32, Hashable, Sendable {
    case read = 0
    case write = 1
    case both = 2
}

extension UringQueue {
    /// Accepts connections until cancelled. Each completion's result is a new descriptor, non-blocking and
    /// close-on-exec, which belongs to the caller.
    public func acceptMultishot(on listener: Int32, tag: UInt64) {
        InternalTag.check(tag)
        unsafe state.pointee.push(.acceptMultishot(listener, tag: tag))
    }

    /// Connects a socket. The result is 0 or a negative errno.
    public func connect(_ socket: Int32, to address: SocketAddress, tag: UInt64) {
        InternalTag.check(tag)
        let room = unsafe state.pointee.arena.allocate(sockaddr_storage.self)
        // Safe: the arena keeps the address until the kernel has copied it.
        unsafe room.initialize(repeating: address.storage)
        unsafe state.pointee.push(.connect(socket, room.baseAddress!, length: address.length, tag: tag))
    }

    /// Shuts down a connection or one half of it.
    public func shutdown(_ socket: Int32, _ direction: ShutdownDirection, tag: UInt64) {
        InternalTag.check(tag)
        unsafe state.pointee.push(.shutdown(socket, how: direction.rawValue, tag: tag))
    }

    /// Closes a descriptor.
    public func close(_ descriptor: Int32, tag: UInt64) {
        InternalTag.check(tag)
        unsafe state.pointee.push(.close(descriptor, tag: tag))
    }
}
