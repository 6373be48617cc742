// Sharing: copies, slices, the last one anywhere.

import KernelSupport
import Testing
import UringBuffers
import UringQueue

@Suite struct SharedBufferTests {
    private struct Setting: ~Copyable {
        let ring: BareRing
        let pair = SocketPair()
        let group: BufferGroup

        init(_ consumption: Consumption = .whole) throws {
            let made = try BareRing()
            group = try BufferGroup(
                ring: made.descriptor, id: 1, capacity: 4, bufferSize: 64, consumption: consumption)
            ring = made
        }

        func shared(_ bytes: [UInt8]) throws -> SharedBuffer {
            pair.write(bytes)
            ring.receive(from: pair.reader, into: group, multishot: false, bundle: false, tag: 1)
            let completion = try ring.completions(atLeast: 1)[0]
            guard case .buffer(let buffer) = group.take(completion) else { fatalError("no buffer") }
            return buffer.share()
        }
    }

    private static func bytes(_ buffer: SharedBuffer) -> [UInt8] { unsafe buffer.withUnsafeBytes { unsafe Array($0) } }

    @Test(arguments: [Consumption.whole, .incremental()])
    func theLastCopyGivesItBack(consumption: Consumption) throws {
        let one = try Setting(consumption)
        var first: SharedBuffer? = try one.shared([1, 2, 3, 4, 5])
        var second = first
        var slice: SharedBuffer? = first?[1..<4]
        #expect(Self.bytes(first!) == [1, 2, 3, 4, 5] && Self.bytes(slice!) == [2, 3, 4])
        #expect(Self.bytes(slice![2..<3]) == [4] && slice![1..<1].isEmpty)
        #expect(slice!.bytes.byteCount == 3 && Self.bytes(slice!).first == 2)
        let states = one.group.books().states
        #expect(states.lent + states.partial == 1)
        first = nil
        second = nil
        #expect(Self.bytes(slice!) == [2, 3, 4])
        slice = nil
        _ = second
        #expect(one.group.lent == 0 && one.group.books().balanced)
        try one.group.close()
    }

    @Test func manyThreadsReadAndTheLastOneReturns() throws {
        let one = try Setting()
        for round in 0..<50 {
            var shared: SharedBuffer? = try one.shared(Array(repeating: UInt8(round), count: 64))
            let threads = (0..<4).map { number in
                let slice = shared![number * 16..<(number + 1) * 16]
                return OtherThread {
                    for _ in 0..<10 {
                        let copy = slice
                        #expect(Self.bytes(copy) == Array(repeating: UInt8(round), count: 16))
                    }
                }
            }
            shared = nil
            for thread in threads { thread.join() }
            one.group.refill()
            #expect(one.group.lent == 0)
        }
        #expect(one.group.books().returned > 0 && one.group.books().balanced)
    }

    @Test func outlivesItsGroup() throws {
        func shared() throws -> SharedBuffer {
            let one = try Setting()
            let shared = try one.shared([7, 8, 9])
            try one.group.close()
            return shared
        }
        #expect(Self.bytes(try shared()) == [7, 8, 9])
        #expect(BufferGroup.abandonedBytes == 0)
    }

    @Test(arguments: [3..<6, 0..<6, -1..<2])
    func slicesOutOfRangeTrap(range: Range<Int>) async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            [range = range as Range<Int>] in
            let shared = try Setting().shared([1, 2, 3, 4, 5])
            print(shared[range].count)
        }
        #expect(message(result).contains("are not within the 5 bytes"))
    }
}
