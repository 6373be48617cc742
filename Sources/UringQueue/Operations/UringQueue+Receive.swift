// Receives that let the kernel pick the buffer.

internal import CUring
import Glibc
public import UringBuffers

/// What a receive may do beyond filling one buffer.
public struct ReceiveOptions: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// One completion may deliver several buffers (`IORING_RECVSEND_BUNDLE`). Ignored where the kernel has no bundles,
    /// or a known bug that would mix up what this one brings (``Quirk``).
    public static let bundle = ReceiveOptions(rawValue: CURING_RECVSEND_BUNDLE)
    /// Wait until data is there before looking for a buffer (`IORING_RECVSEND_POLL_FIRST`): a receive that is armed
    /// while the group is empty then does not fail at once.
    ///
    /// Not for multishot receives from `AF_UNIX` streams: one that is armed when bytes and the end are both there never
    /// tells of the end (seen on Linux 6.18). A single receive does.
    public static let pollFirst = ReceiveOptions(rawValue: CURING_RECVSEND_POLL_FIRST)
}

extension UringQueue {
    /// Receives once into a buffer of `group`. The completion goes to ``BufferGroup/take(_:)``.
    ///
    /// What the kernel would accept and then corrupt, lose or cut (``BufferSelection``) never reaches it: the request
    /// completes with `-EINVAL`, ``Completion/refusal`` and an error that tells the reason.
    ///
    /// - Parameter limit: the most bytes to receive; 0 for as many as a buffer, or a bundle, holds.
    public func receive(
        from socket: Int32, into group: borrowing BufferGroup, limit: Int = 0, options: ReceiveOptions = [],
        tag: UInt64
    ) {
        InternalTag.check(tag)
        if let ring = group.consumer as? QueueRing {
            return receive(from: socket, into: ring, group, limit: limit, tag: tag)
        }
        let options = usable(options, limit: limit, group)
        guard check(.receive, on: socket, group, options, limit: limit, tag: tag) else { return }
        unsafe state.pointee.push(
            .receive(
                socket, group: group.id.rawValue, flags: options.rawValue, limit: UInt32(limit), budget: 0, tag: tag))
    }

    /// Receives into buffers of `group` again and again, until a completion without ``CompletionFlags/more``: end of
    /// stream, error, cancellation, no buffer, or a bundle that took the last one.
    ///
    /// A group without a kernel's ring (``BufferGroup/init(on:id:capacity:bufferSize:mode:minimumLeft:refill:slab:slabOptions:wakeOnReturn:)``)
    /// receives once, without options: its completion has no ``CompletionFlags/more``, so whoever arms again what ended
    /// needs nothing else.
    ///
    /// - Parameters:
    ///   - limit: the most bytes in each completion; 0 for no limit. Needs ``supportsReceiveBudget``.
    ///   - budget: the bytes after which the request ends by itself, overshooting by less than one buffer; 0 for no
    ///     budget. Needs ``supportsReceiveBudget``. Bounds how much of the pool one sender can take before you look.
    public func receiveMultishot(
        from socket: Int32, into group: borrowing BufferGroup, limit: Int = 0, budget: Int = 0,
        options: ReceiveOptions = [], tag: UInt64
    ) {
        InternalTag.check(tag)
        if let ring = group.consumer as? QueueRing {
            return receive(from: socket, into: ring, group, limit: limit, tag: tag)
        }
        let options = usable(options, limit: limit, group)
        guard check(.receiveMultishot, on: socket, group, options, limit: limit, budget: budget, tag: tag) else {
            return
        }
        unsafe state.pointee.push(
            .receive(
                socket, group: group.id.rawValue,
                flags: options.rawValue | (unsafe state.pointee.sound.multishot ? CURING_RECV_MULTISHOT : 0),
                limit: UInt32(limit), budget: UInt32(budget), tag: tag))
    }

    /// Once, into a group without a ring of the kernel's.
    private func receive(
        from socket: Int32, into ring: QueueRing, _ group: borrowing BufferGroup, limit: Int, tag: UInt64
    ) {
        demand(
            unsafe ring.queue == state,
            "group \(group.id) belongs to another queue: its mode works on its own queue only")
        guard check(.receive, on: socket, group, [], limit: limit, tag: tag) else { return }
        unsafe state.pointee.receive(from: socket, into: ring, limit: limit, tag: tag)
    }

    /// Refuses what the kernel would accept and then corrupt, lose or cut: ``BufferSelection``. Segments of datagrams are
    /// the case in point, so for an incremental group this looks at the socket: one system call.
    private func check(
        _ operation: BufferSelection.Operation, on socket: Int32, _ group: borrowing BufferGroup,
        _ options: ReceiveOptions, limit: Int, budget: Int = 0, tag: UInt64
    ) -> Bool {
        let consumption = group.consumption
        var file = FileKind.unknown
        if consumption.isIncremental {
            do throws(UringError) {
                file = try FileKind.of(descriptor: socket)
            } catch {
                // Not open: the kernel says so. Else it may be what must be refused.
                file = error.errno == EBADF ? .streamSocket : .unknown
            }
        }
        var flags: BufferSelection.Flags = []
        if options.contains(.bundle) { flags.insert(.bundle) }
        if options.contains(.pollFirst) { flags.insert(.pollFirst) }
        let selection = BufferSelection(
            operation, on: file, flags: flags, length: limit, totalLength: budget, consumption: consumption,
            bufferSize: group.bufferSize)
        guard let refusal = selection.refusal else { return true }
        unsafe state.pointee.refuse(refusal, tag: tag)
        return false
    }

    private func usable(_ options: ReceiveOptions, limit: Int, _ group: borrowing BufferGroup) -> ReceiveOptions {
        // No other bit of the word reaches the kernel.
        var options = options.intersection([.bundle, .pollFirst])
        guard options.contains(.bundle) else { return options }
        let mayBundle = unsafe state.pointee.sound.mayBundle(
            limit: limit, isIncremental: group.consumption.isIncremental)
        if !supportsBundles || !mayBundle { options.remove(.bundle) }
        return options
    }
}
