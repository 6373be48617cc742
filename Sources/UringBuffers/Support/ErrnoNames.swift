// Symbols of the error numbers that io_uring answers.

import Glibc

enum ErrnoNames {
    static func symbol(of number: Int32) -> String { table[number] ?? "errno \(number)" }

    private static let table: [Int32: String] = [
        EACCES: "EACCES", EAGAIN: "EAGAIN", EBADF: "EBADF", EBADFD: "EBADFD", EBUSY: "EBUSY",
        ECANCELED: "ECANCELED", ECONNREFUSED: "ECONNREFUSED", ECONNRESET: "ECONNRESET", EEXIST: "EEXIST",
        EFAULT: "EFAULT", EINTR: "EINTR", EINVAL: "EINVAL", EMFILE: "EMFILE", ENOBUFS: "ENOBUFS",
        ENOENT: "ENOENT", ENOMEM: "ENOMEM", ENOSYS: "ENOSYS", ENOTCONN: "ENOTCONN", ENXIO: "ENXIO",
        EOPNOTSUPP: "EOPNOTSUPP", EOVERFLOW: "EOVERFLOW", EPERM: "EPERM", EPIPE: "EPIPE", ETIME: "ETIME",
        ETIMEDOUT: "ETIMEDOUT", EADDRINUSE: "EADDRINUSE", EADDRNOTAVAIL: "EADDRNOTAVAIL",
        E2BIG: "E2BIG", EHOSTUNREACH: "EHOSTUNREACH", ENETUNREACH: "ENETUNREACH", ENFILE: "ENFILE",
    ]
}
