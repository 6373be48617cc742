// The release of a Linux kernel, as numbers that compare.

internal import CUring
import Glibc

/// A kernel's release: major, minor and stable number.
///
/// What a kernel can do is probed (``KernelCapabilities``), never derived from this. The release answers one question
/// that probing cannot: which known bugs to expect (``Quirk``). Distributions patch old releases, so such an answer
/// errs on the side of caution.
public struct KernelRelease: Hashable, Sendable, Codable {
    public var major: Int
    public var minor: Int
    public var patch: Int

    public init(_ major: Int, _ minor: Int, _ patch: Int = 0) {
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    /// Reads the numbers that begin a release as the kernel writes it, `6.18.44-generic` or `7.1-rc3`.
    public init?(_ text: some StringProtocol) {
        let start = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let numbers = start.split(separator: ".", omittingEmptySubsequences: true).map { Int($0) }
        guard numbers.count >= 2, let major = numbers[0], let minor = numbers[1] else { return nil }
        self.init(major, minor, numbers.count > 2 ? numbers[2] ?? 0 : 0)
    }

    /// The running kernel's own words (`uname -r`).
    public static var currentText: String {
        var names = utsname()
        // Safe: uname fills the structure with strings that end in a zero.
        guard curing_fails(CURING_CALL_UNAME) == 0, unsafe uname(&names) == 0 else { return "" }
        return unsafe withUnsafeBytes(of: &names.release) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// The running kernel's numbers; 0.0.0 when they cannot be read.
    public static var current: KernelRelease { KernelRelease(currentText) ?? KernelRelease(0, 0) }
}

extension KernelRelease: Comparable {
    public static func < (left: KernelRelease, right: KernelRelease) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }
}

extension KernelRelease: CustomStringConvertible {
    public var description: String { patch == 0 ? "\(major).\(minor)" : "\(major).\(minor).\(patch)" }
}
