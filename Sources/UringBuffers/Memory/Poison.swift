// Under the address sanitizer, buffers that nobody owns are poisoned: an escaped pointer into one is reported where it
// is used. The kernel's writes are not checked, so it can fill them all the same. In any other build nothing happens.

internal import CUring

extension GroupHeader {
    /// Whether this is a sanitizer's build. Fast paths are off then, so that every step passes here.
    static let poisons = curing_poisons() == 1

    /// The application owns these bytes.
    func expose(_ bid: UInt16, offset: UInt32 = 0, length: UInt32) {
        guard GroupHeader.poisons else { return }
        // Safe: inside the slab.
        unsafe curing_unpoison(address(of: bid) + Int(offset), UInt64(length))
    }

    /// Nobody owns these bytes. Any thread; so only words of 8 bytes that lie wholly inside: the sanitizer keeps one
    /// mark for each word, and the rest of the first and last one may be somebody else's.
    func conceal(_ bid: UInt16, offset: UInt32 = 0, length: UInt32) {
        guard GroupHeader.poisons else { return }
        // Safe: inside the slab, which begins at a page.
        let start = unsafe address(of: bid) - slabBase + Int(offset)
        let (first, end) = ((start + 7) & ~7, (start + Int(length)) & ~7)
        if first < end { unsafe curing_poison(slabBase + first, UInt64(end - first)) }
    }

    /// The whole slab: at the start, and before it is freed.
    func concealAll() { if GroupHeader.poisons { unsafe curing_poison(slabBase, UInt64(slab.byteCount)) } }
    func exposeAll() { if GroupHeader.poisons { unsafe curing_unpoison(slabBase, UInt64(slab.byteCount)) } }
}
