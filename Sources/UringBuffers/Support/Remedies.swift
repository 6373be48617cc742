// What to do about each error: the one place where an errno becomes advice.

import Glibc

enum Remedies {
    static func sentence(for error: UringError) -> String {
        switch error.cause {
        case .capacity(let entries):
            return "\(entries) is not a legal number of buffers: use a power of two from 1 to 32768."
        case .queueEntries(let entries):
            return "A queue cannot have \(entries) entries: use 1 to 32768 for submissions, to 65536 for completions."
        case .byteCount(let bytes):
            return "\(bytes) bytes are not a legal size: use at least 1, and less than the address space holds."
        case .misaligned(let alignment):
            return "\(alignment) is not a legal alignment: use a power of two of at least \(SystemCalls.pageSize)."
        case .noHugePages(let size):
            return "No huge pages of \(size.rawValue >> 20) MiB are free: reserve some (vm.nr_hugepages, or "
                + "hugepagesz= at boot), or allow the fallback to ordinary pages."
        case .unmappableGroup(let id):
            return "Group \(id) cannot have kernel-allocated ring memory, which the kernel can map only for ids "
                + "below 2048: use a smaller id, or application ring memory."
        case .minimumLeft(let bytes):
            return "\(bytes) is not a legal minimumLeft: use 0 or more, and less than the buffer size."
        case .incremental(let bytes):
            return bytes > 0
                ? "This kernel cannot end a buffer early (min_left): use minimumLeft 0, or whole buffers for datagrams."
                : "This kernel has no incremental consumption, which needs Linux 6.12: use whole buffers."
        case .fixedSlot(let slot):
            return "\(slot) is out of range: a table has 1 to 16384 slots, numbered from 0."
        case .ringIsEnabled:
            return "A region with wait slots must be registered before the ring is enabled: create the ring with "
                + "IORING_SETUP_R_DISABLED, register the region, then call MemoryRegion.enable(ring:)."
        case .noRegions:
            return "This kernel has no memory regions, which need Linux 6.13: wait with ordinary arguments."
        case .regionFull(let bytes):
            return "The region has only \(bytes) bytes left: carve less, or register a larger one on a new ring."
        case .waitSlot(let slot):
            return
                "\(slot) is out of range: wait slots count from 0, take 64 bytes each, and must fit the region."
        case .minimumWait(let seconds):
            return "A minimum wait of \(seconds) s is too long: the kernel takes less than 4295 seconds."
        case .fixedSlotInUse(let slot):
            return "Slot \(slot) holds memory already: choose another, clear it first, or pass replacing: true."
        case .fixedBuffers(let first, let end):
            return "The group has no buffers \(first)..<\(end): name at least one, and none beyond its capacity."
        case .fixedHeapMemory:
            return "Heap memory cannot be a fixed buffer: the heap hands its pages out again while the kernel still "
                + "has them pinned. Take an anonymous mapping, a memory file or huge pages."
        case .fixedClonesItself:
            return "A table cannot be cloned into itself: register the memory in the other slot as well."
        case .fixedRefused(let refusal):
            return refusal.reason
        case .lockedMemory(let needed, let limit):
            return lockedMemory(Int(needed), Int(limit))
        case .outOfMemory:
            return "The machine, or the process's control group, is out of memory: no locked-memory limit applies."
        case .poolClass(0):
            return "A pool without classes has no buffers: list at least one class."
        case .poolClass(let index):
            return "Class \(index) of the pool does not have larger buffers than the class before: list the classes by "
                + "ascending buffer size, each size once."
        case .groupID(let id):
            return "\(id) is not a group id of its own for a class: ids are 0 to 65535, each used once, and classes "
                + "without one take the number after the class before."
        case .budget(let given, let needed):
            return "A budget of \(given) KiB is too small for these classes: give at least \(needed) KiB, or fewer or "
                + "smaller classes."
        case .pooled(let id):
            return "Group \(id) belongs to a pool, whose budget ends where memory cannot be given back: register the "
                + "memory of a group of its own."
        case .unreaped(let count):
            return "\(count) receives completed and were not taken yet (or, with provided buffers, are armed), so the "
                + "kernel may still own their buffers: take every completion first, then close again."
        case .refused(let refusal):
            return refusal.reason
        case .kernel:
            return kernelSentence(error.operation, error.errno)
        }
    }

    private static func kernelSentence(_ operation: UringError.Operation, _ number: Int32) -> String {
        switch operation {
        case .allocateMemory:
            return "The process has no memory or address space left: use fewer or smaller buffers."
        case .mapRing:
            return "Use application ring memory, or a free address space."
        case .createPool, .registerBufferRing, .unregisterBufferRing, .readBufferRingHead, .duplicateDescriptor,
            .closeGroup,
            .selectBuffers:
            return registration(number)
        case .provideBuffers:
            return providing(number)
        case .registerFixedBuffers, .unregisterFixedBuffers:
            return fixedBuffers(number)
        case .registerRegion, .mapRegion, .enableRing:
            return RegionRemedies.sentence(operation, number)
        case .cloneFixedBuffers:
            return cloning(number)
        case .readFile, .writeFile:
            return file(number)
        case .createQueue:
            return setUp(number)
        case .submit, .wait:
            return running(number)
        case .createWakeUp:
            return "Raise the limit of open descriptors (ulimit -n)."
        case .receive, .send, .accept, .connect, .shutdown, .socket:
            return transfer(number)
        }
    }

    private static func lockedMemory(_ needed: Int, _ limit: Int) -> String {
        let isTooSmall = needed > limit
        let enough = isTooSmall ? needed : limit + needed
        return "This needs \(needed) KiB of locked memory, and "
            + (isTooSmall
                ? "the limit is \(limit) KiB."
                : "of the limit of \(limit) KiB less is left: what this user has, or had a moment ago, holds the rest.")
            + " Raise the limit to at least \(enough) KiB (ulimit -l \(enough), or LimitMEMLOCK=\(enough)K), or use less."
    }

    static func registration(_ number: Int32) -> String {
        switch number {
        case EINVAL:
            "The kernel refuses an argument or is too old: buffer rings need Linux 5.19, "
                + "kernel-allocated ones 6.4, their head 6.8."
        case EEXIST:
            "The group id is in use on this ring, or the caller is not the thread that a single-issuer "
                + "ring belongs to: choose another id, or call from that thread."
        case EFAULT: "The ring memory is not mapped and writable in its whole length: take it from PageMemory."
        case EOVERFLOW: "The ring memory would end beyond the address space."
        case ENOMEM:
            "The user's locked-memory limit is used up (rings are charged to it): raise it with "
                + "ulimit -l or LimitMEMLOCK=, or use fewer buffers."
        case ENXIO: "The group is closed already."
        case ENOENT: "No group with this id is registered on this ring."
        case EBADF: "The descriptor is not open."
        case EOPNOTSUPP: "The descriptor is not an io_uring."
        case EACCES: "The ring is restricted: allow buffer ring registration before enabling it."
        case EMFILE: "Raise the limit of open descriptors (ulimit -n)."
        default: "See io_uring_register(2)."
        }
    }

    private static func providing(_ number: Int32) -> String {
        switch number {
        case EEXIST, EINVAL: "The group id is in use on this queue, by a buffer ring or otherwise: choose another id."
        case ENOMEM: "The machine, or the process's control group, is out of memory: no locked-memory limit applies."
        default: "See io_uring_enter(2), IORING_OP_PROVIDE_BUFFERS."
        }
    }

    private static func fixedBuffers(_ number: Int32) -> String {
        switch number {
        case EBUSY: "The ring has a table of fixed buffers already: there can be one."
        case ENXIO: "The ring has no table of fixed buffers, or not any more."
        case EEXIST: "The caller is not the thread that a single-issuer ring belongs to: call from that thread."
        case ENOMEM:
            "The user's locked-memory limit is used up (fixed buffers are charged to it): raise it with "
                + "ulimit -l or LimitMEMLOCK=, or register less memory."
        case EFAULT: "The memory is not mapped and writable, or larger than 1 GiB, which is the most for one slot."
        case EINVAL: "The kernel refuses an argument or is too old: sparse tables need Linux 5.19."
        default: registration(number)
        }
    }

    private static func cloning(_ number: Int32) -> String {
        switch number {
        case EBUSY: "The ring has a table of fixed buffers already: clone into that table."
        case ENXIO: "The other ring has no table of fixed buffers, or not any more."
        case EINVAL:
            "The kernel refuses it: cloning needs Linux 6.12 (parts of a table 6.13), and two rings of one process and "
                + "one user. Register the memory on both rings instead."
        case EOVERFLOW: "The other table does not have all of these slots."
        default: fixedBuffers(number)
        }
    }

    private static func file(_ number: Int32) -> String {
        switch number {
        case EINVAL:
            "A file opened with O_DIRECT wants offset, address and length in multiples of its block size (often 512 or "
                + "4096), and some file systems do not know O_DIRECT."
        case EFAULT: "The memory is not in the slot that the request names: register it, and use the slot's own value."
        case EBADF: "The descriptor is not open, or not open for this direction."
        case ENOSPC, EDQUOT: "The file system is full."
        case EFBIG: "The file would be larger than its file system, or the process's limit, allows."
        case EISDIR: "It is a directory."
        case EIO: "The device failed: the data may be lost."
        case ECANCELED: "The request was cancelled."
        default: "See read(2) and write(2)."
        }
    }

    private static func setUp(_ number: Int32) -> String {
        switch number {
        case EPERM:
            "io_uring is forbidden here: see the sysctl kernel.io_uring_disabled, or the container's "
                + "seccomp profile."
        case ENOSYS:
            "This kernel has no io_uring, or the container hides it: use Linux 6.1 or later and allow "
                + "the io_uring system calls."
        case ENOMEM:
            "The user's locked-memory limit is used up (rings are charged to it): raise it with "
                + "ulimit -l or LimitMEMLOCK=, or use fewer entries."
        case EMFILE, ENFILE: "Raise the limit of open descriptors (ulimit -n)."
        case EINVAL:
            "The kernel does not know a set-up flag or the entry count is out of range: Linux 6.1 or "
                + "later is needed."
        default: "See io_uring_setup(2)."
        }
    }

    private static func running(_ number: Int32) -> String {
        switch number {
        case EINTR: "A signal arrived: handle it and wait again."
        case ETIME: "The time passed without a completion."
        case EBUSY: "The completion queue overflowed: reap completions, then submit again."
        case EAGAIN: "The kernel is out of memory for requests: reap completions, then submit again."
        case EEXIST, EINVAL: "The queue was used from another thread: use it from the thread that made it."
        case EBADFD: "The ring is not enabled yet: call MemoryRegion.enable(ring:)."
        case EFAULT: "The ring has no region with wait slots."
        default: "See io_uring_enter(2)."
        }
    }

    private static func transfer(_ number: Int32) -> String {
        switch number {
        case ENOBUFS: "No buffer was published: refill the group, then arm the receive again."
        case ENOENT: "The buffer group is not registered on this ring."
        case ECANCELED: "The request was cancelled."
        case ECONNRESET, EPIPE: "The peer is gone: close the connection."
        case ECONNREFUSED: "Nothing listens at the address."
        case EADDRINUSE: "Another program listens at the address: choose another port."
        case EADDRNOTAVAIL: "The address does not belong to this machine."
        case EINVAL: "The kernel does not accept this combination of operation and flags."
        case EMFILE, ENFILE: "Raise the limit of open descriptors (ulimit -n)."
        case EACCES: "The address needs privileges: choose a port above 1023."
        default: "The peer or the network failed: close the connection."
        }
    }
}
