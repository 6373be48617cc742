// Noncopyable values by number.

internal import UringBuffers

/// A table whose elements keep their slot number until they are removed; numbers are reused, the latest first.
///
/// Elements move in memory when the table grows, so nobody keeps a pointer to one.
@safe
package struct SlotTable<Element: ~Copyable>: ~Copyable {
    /// Initialised exactly where `isUsed`.
    private var slots: UnsafeMutablePointer<Element>
    private var isUsed: [Bool]
    private var free: [Int]

    package init() {
        unsafe slots = .allocate(capacity: 16)
        isUsed = Array(repeating: false, count: 16)
        free = Array((0..<16).reversed())
    }

    deinit {
        for slot in isUsed.indices where isUsed[slot] { unsafe (slots + slot).deinitialize(count: 1) }
        unsafe slots.deallocate()
    }

    /// The number of elements.
    package var count: Int { isUsed.count - free.count }

    /// Every slot number in use, ascending.
    package var usedSlots: [Int] { isUsed.indices.filter { isUsed[$0] } }

    package func contains(_ slot: Int) -> Bool { isUsed.indices.contains(slot) && isUsed[slot] }

    package mutating func insert(_ element: consuming Element) -> Int {
        if free.isEmpty { grow() }
        let slot = free.removeLast()
        isUsed[slot] = true
        unsafe (slots + slot).initialize(to: element)
        return slot
    }

    package mutating func remove(_ slot: Int) -> Element {
        check(slot)
        isUsed[slot] = false
        free.append(slot)
        return unsafe (slots + slot).move()
    }

    /// Forgets every element without ending it.
    package mutating func abandonAll() {
        free = Array(isUsed.indices.reversed())
        isUsed = Array(repeating: false, count: isUsed.count)
    }

    package subscript(slot: Int) -> Element {
        _read {
            check(slot)
            yield unsafe slots[slot]
        }
        _modify {
            check(slot)
            yield unsafe &slots[slot]
        }
    }

    private func check(_ slot: Int) { demand(isUsed[slot], "slot \(slot) is empty") }

    private mutating func grow() {
        let count = isUsed.count
        let larger = UnsafeMutablePointer<Element>.allocate(capacity: count * 2)
        // Safe: only called when every slot is in use, hence initialised.
        unsafe larger.moveInitialize(from: slots, count: count)
        unsafe slots.deallocate()
        unsafe slots = unsafe larger
        isUsed += Array(repeating: false, count: count)
        free = Array((count..<(count * 2)).reversed())
    }
}
