// Files: reads and writes of registered memory, of buffers, and of plain bytes.

internal import CUring
public import UringBuffers

// MARK: - Registered memory

extension UringQueue {
    /// `O_DIRECT` for open(2), which Swift's Glibc does not show: past the page cache.
    public static var directOpenFlag: Int32 { CURING_O_DIRECT }

    /// Reads up to `range.count` bytes of a file into registered memory, whose pages need not be pinned again
    /// (`IORING_OP_READ_FIXED`).
    ///
    /// The queue owns the range until its one completion is handed to ``takeTransfer(_:)``. A file opened with `O_DIRECT`
    /// is read past the page cache; offset, address and length must be multiples of its block size then, else `EINVAL`.
    /// When the slot is no longer current, the request is refused: `EFAULT` and its reason. At most 65536 transfers can be
    /// under way or not taken; one more traps.
    ///
    /// - Parameters:
    ///   - file: a descriptor that can be read at an offset. A pipe or socket wants offset 0, and ignores it.
    ///   - offset: the first byte of the file, at least 0.
    ///   - range: of a ``FixedBufferTable`` of this queue's ring.
    public func read(from file: Int32, at offset: Int, into range: consuming FixedRange, tag: UInt64) {
        InternalTag.check(tag)
        let count = range.count
        unsafe state.pointee.start(
            FixedRequest(range: range, file: file, tag: tag, isWrite: false), first: count, at: offset)
    }

    /// Writes registered memory to a file (`IORING_OP_WRITE_FIXED`): as ``read(from:at:into:tag:)-range``.
    ///
    /// - Parameter count: how many of the range's bytes to write, from the first on; all when `nil`. Traps when the range
    ///   has fewer.
    public func write(
        _ range: consuming FixedRange, first count: Int? = nil, to file: Int32, at offset: Int, tag: UInt64
    ) {
        InternalTag.check(tag)
        let count = count ?? range.count
        demand(
            count >= 0 && count <= range.count,
            "a range of \(range.count) bytes cannot write \(count): name at most all")
        unsafe state.pointee.start(
            FixedRequest(range: range, file: file, tag: tag, isWrite: true), first: count, at: offset)
    }

    /// The read or write of a range that a completion ended: its result, and the range. `nil` for any other completion.
    ///
    /// Take each once, in any order, at any time after it was handed out; a second time traps. O(1).
    public func takeTransfer(_ completion: Completion) -> FixedTransfer? {
        guard let number = completion.transfer else { return nil }
        return unsafe state.pointee.takeTransfer(number)
    }

    /// Reads and writes of ranges that are under way, or ended and were not taken.
    public var openTransfers: Int { unsafe state.pointee.transfers.count }
}

// MARK: - Buffers of a group

extension UringQueue {
    /// Writes every byte of a buffer to a file, where the kernel put it (`IORING_OP_WRITE`, or `IORING_OP_WRITE_FIXED` when a
    /// slot is named), and gives the buffer back.
    ///
    /// The queue goes on after a short write. One completion comes, with the number of bytes written or a negative errno.
    ///
    /// - Parameters:
    ///   - offset: the first byte of the file, at least 0.
    ///   - fixedBuffer: the slot that the buffer's group is registered in. When the buffer is not in it, or the slot is no
    ///     longer current, the write is refused: `-EFAULT` and ``Completion/fixedRefusal``.
    public func write(
        _ buffer: consuming ProvidedBuffer, to file: Int32, at offset: Int, fixedBuffer: FixedSlot? = nil, tag: UInt64
    ) {
        write(SendLease(buffer), to: file, at: offset, fixedBuffer: fixedBuffer, tag: tag)
    }

    /// Writes every byte of a shared slice, which stays readable: as ``write(_:to:at:fixedBuffer:tag:)-buffer``.
    public func write(
        _ slice: SharedBuffer, to file: Int32, at offset: Int, fixedBuffer: FixedSlot? = nil, tag: UInt64
    ) {
        write(SendLease(slice), to: file, at: offset, fixedBuffer: fixedBuffer, tag: tag)
    }

    private func write(
        _ lease: consuming SendLease, to file: Int32, at offset: Int, fixedBuffer: FixedSlot?, tag: UInt64
    ) {
        InternalTag.check(tag)
        demand(offset >= 0, "a file has no byte \(offset): offsets begin at 0")
        guard lease.byteCount > 0 else { return nop(tag: tag) }
        unsafe state.pointee.startLeased(
            LeasedSend(
                lease: lease, socket: file, tag: tag, isZeroCopy: false, fixedBuffer: fixedBuffer, fileOffset: offset))
    }
}

// MARK: - Plain bytes

extension UringQueue {
    /// Reads into bytes that the caller keeps alive, and touches nowhere, until the completion, whose result may be short
    /// (`IORING_OP_READ`). At most 2 GiB at a time.
    @unsafe
    public func read(from file: Int32, at offset: Int, into bytes: UnsafeMutableRawBufferPointer, tag: UInt64) {
        unsafe plain(.read, file, at: offset, UnsafeRawBufferPointer(bytes), tag: tag)
    }

    /// Writes bytes that the caller keeps alive and unchanged until the completion, whose result may be short
    /// (`IORING_OP_WRITE`). At most 2 GiB at a time.
    @unsafe
    public func write(_ bytes: UnsafeRawBufferPointer, to file: Int32, at offset: Int, tag: UInt64) {
        unsafe plain(.write, file, at: offset, bytes, tag: tag)
    }

    @unsafe
    private func plain(
        _ direction: FileDirection, _ file: Int32, at offset: Int, _ bytes: UnsafeRawBufferPointer, tag: UInt64
    ) {
        InternalTag.check(tag)
        demand(offset >= 0, "a file has no byte \(offset): offsets begin at 0")
        guard let start = bytes.baseAddress else { return nop(tag: tag) }
        unsafe state.pointee.push(
            .file(
                direction, file, at: offset, address: UInt64(UInt(bitPattern: start)), length: bytes.count,
                fixedBuffer: nil, tag: tag))
    }
}
