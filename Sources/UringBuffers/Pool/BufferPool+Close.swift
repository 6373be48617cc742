// The end of a pool, and moving it to another thread: all classes or none.

import Glibc

extension BufferPool {
    /// Ends all groups: ``BufferGroup/close()`` for each, all or none.
    ///
    /// - Throws: ``UringError`` with `EBUSY` while a class has completions that carry buffers and were not taken, `ENXIO` when
    ///   the pool is closed already; all classes go on then. Should the kernel refuse to unregister one after another was
    ///   unregistered, that one is closed; call again.
    /// - Returns: who still has buffers, for each class in order. Their handles stay good.
    @discardableResult
    public func close() throws(UringError) -> [MissingReport] {
        let open = (0..<count).filter { unsafe !groups[$0].header.pointee.isClosed }
        guard !open.isEmpty else { throw UringError(.closeGroup, errno: ENXIO) }
        for index in open { unsafe groups[index].header.pointee.checkOwner() }
        for index in open { try unsafe groups[index].header.pointee.requireNothingUnreaped() }
        for index in open { unsafe groups[index].header.pointee.withdrawAll() }
        do throws(UringError) {
            // Again, now that nothing can be selected any more.
            for index in open { try unsafe groups[index].header.pointee.requireNothingUnreaped() }
            for index in open {
                try unsafe groups[index].header.pointee.registration.unregister()
                unsafe groups[index].header.pointee.finishClosing()
            }
        } catch {
            for index in open where unsafe !groups[index].header.pointee.isClosed {
                unsafe groups[index].header.pointee.restoreAll()
            }
            throw error
        }
        return (0..<count).map { unsafe groups[$0].header.pointee.missing() }
    }

    /// Lets the pool go from this thread: ``BufferGroup/detach()`` for all classes.
    public func detach() {
        for index in 0..<count { unsafe groups[index].detach() }
    }

    /// Makes this thread the owner of a detached pool.
    public func attach() {
        for index in 0..<count { unsafe groups[index].attach() }
    }
}
