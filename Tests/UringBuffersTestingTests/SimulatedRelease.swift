// The kernel that the simulation is compared with.

import Glibc
import UringBuffers

/// Whether this is it, bit for bit: what a kernel leaves open differs between versions.
let kernelIsTheSimulatedOne: Bool = {
    var names = utsname()
    // Safe: fills the struct.
    guard unsafe uname(&names) == 0 else { return false }
    let release = unsafe withUnsafeBytes(of: &names.release) { unsafe String(decoding: $0, as: UTF8.self) }
    let numbers = release.split(whereSeparator: { !$0.isNumber }).prefix(2).compactMap { Int($0) }
    return numbers == [6, 18] && RealSide.canRegister(Mode(consumption: .incremental(minimumLeft: 24), bundles: true))
}()
