// What to do about the errors of memory regions.

import Glibc

enum RegionRemedies {
    static func sentence(_ operation: UringError.Operation, _ number: Int32) -> String {
        switch operation {
        case .mapRegion: mapping(number)
        case .enableRing: enabling(number)
        default: registering(number)
        }
    }

    private static func registering(_ number: Int32) -> String {
        switch number {
        case EBUSY:
            "The ring has a region already: there can be one, and it ends with the ring. Carve what you need from it."
        case EINVAL:
            "The kernel refuses an argument or is too old: regions need Linux 6.13, whole pages, and wait slots a "
                + "ring that is not enabled yet."
        case EFAULT:
            "The region's memory is not mapped and writable in its whole length: take it from PageMemory."
        case E2BIG: "The region has more pages than the kernel counts: make it smaller."
        case EOVERFLOW: "The region's memory would end beyond the address space."
        case ENOMEM:
            "Either the user's locked-memory limit is used up (regions are charged to it): raise it with ulimit -l or "
                + "LimitMEMLOCK=; or the kernel has no contiguous memory for a region of its own, which ends near "
                + "4 MiB: use application memory."
        case EEXIST: "The caller is not the thread that a single-issuer ring belongs to: call from that thread."
        case EACCES: "The ring is restricted: allow the registration of regions before enabling it."
        default: Remedies.registration(number)
        }
    }

    private static func mapping(_ number: Int32) -> String {
        switch number {
        case ENOMEM: "The process has no address space left, or the region is not the kernel's own."
        case EFAULT: "The mapping does not cover the whole region."
        default: "See io_uring_register(2)."
        }
    }

    private static func enabling(_ number: Int32) -> String {
        switch number {
        case EBADFD: "The ring is enabled already."
        default: Remedies.registration(number)
        }
    }
}
