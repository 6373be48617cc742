// Error numbers by their meaning here, without a clash of `errno` the function and `errno` the property.

import Glibc

enum UringErrno {
    static let invalid = EINVAL
    static let busy = EBUSY
    static let notFound = ENOENT
    static let fault = EFAULT
    static let again = EAGAIN
    static let noBuffers = ENOBUFS
    static let interrupted = EINTR
    static let timedOut = ETIME
    static let cancelled = ECANCELED
    static let messageSize = EMSGSIZE
    static var current: Int32 { Glibc.errno }
}
