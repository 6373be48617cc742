// What the tests of fixed buffers share: bytes of buffers, and what a peer received.

import Glibc
import KernelSupport
import UringBuffers
import UringQueue

func bytes(of buffer: borrowing ProvidedBuffer) -> [UInt8] { unsafe buffer.withUnsafeBytes { unsafe Array($0) } }

func address(of buffer: borrowing ProvidedBuffer) -> UInt {
    unsafe buffer.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
}

func readAll(_ count: Int, from pair: SocketPair) -> [UInt8] {
    var got: [UInt8] = []
    while got.count < count { got += pair.read(count - got.count) }
    return got
}

/// What a slot holds; traps when that is nothing.
func held(by table: borrowing FixedBufferTable, at index: Int) -> FixedSlot {
    guard let slot = table.slot(at: index) else { fatalError("slot \(index) is empty") }
    return slot
}
