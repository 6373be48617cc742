// What a descriptor is, as far as buffer selection cares.

import Glibc

/// What a descriptor is, as far as buffer selection cares.
public enum FileKind: Hashable, Sendable, CaseIterable {
    /// A socket without message boundaries: TCP, `AF_UNIX` streams.
    case streamSocket
    /// A socket that keeps them: UDP, datagrams, sequenced packets, raw.
    case datagramSocket
    /// A pipe, a terminal, or whatever else can be polled.
    case pollable
    /// A regular file, or whatever else cannot be polled: a directory, a block device, `/dev/null`.
    case regularFile
    /// Nobody looked. Silent trouble that is possible for any kind counts.
    case unknown

    /// Looks at a descriptor. A few system calls: ask once for each descriptor, not for each request.
    ///
    /// - Throws: ``UringError`` with `EBADF` when it is not open.
    public static func of(descriptor: Int32) throws(UringError) -> FileKind {
        if let type = try SystemCalls.socketType(of: descriptor) {
            return type == Int32(SOCK_STREAM.rawValue) ? .streamSocket : .datagramSocket
        }
        return try SystemCalls.canPoll(descriptor) ? .pollable : .regularFile
    }

    var isSocket: Bool { self == .streamSocket || self == .datagramSocket }

    func mayBe(_ kind: FileKind) -> Bool { self == kind || self == .unknown }
}
