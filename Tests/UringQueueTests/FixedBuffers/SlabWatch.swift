// Whether memory still lives. Its address would not say: another test's memory moves into a hole at once.

@testable import UringBuffers

final class SlabWatch {
    private weak var slab: Slab?
    let start: UInt

    init(_ group: borrowing BufferGroup) {
        unsafe slab = group.header.pointee.slab
        start = unsafe UInt(bitPattern: slab!.baseAddress)
    }

    init(_ range: borrowing FixedRange) {
        slab = range.slab
        start = unsafe UInt(bitPattern: slab!.baseAddress)
    }

    var lives: Bool { slab != nil }
}
