// Real traffic through every kind of ring, connection, ring memory and policy: every byte checked.

import Glibc
import KernelSupport
import RingArithmetic
import Testing
import UringBuffers
import UringQueue

struct TrafficCase: Sendable, CustomTestStringConvertible {
    var driver: DriverKind
    var socket: SocketKind = .unix
    var memory: RingMemoryKind = .application
    var policy: RefillPolicy = .adaptive
    var capacity = 64
    var bufferSize = 256
    var multishot = true
    var bundle = false

    var testDescription: String {
        "\(driver) \(socket) \(memory) \(policy) \(capacity)×\(bufferSize)"
            + (multishot ? " multishot" : "") + (bundle ? " bundle" : "")
    }

    /// Every driver with every other choice.
    static let all: [TrafficCase] = DriverKind.allCases.flatMap { driver in
        SocketKind.allCases.flatMap { socket in
            RingMemoryKind.allCases.flatMap { memory in
                RefillPolicy.allCases.flatMap { policy in
                    [(false, false), (true, false), (false, true), (true, true)].map { multishot, bundle in
                        TrafficCase(
                            driver: driver, socket: socket, memory: memory, policy: policy, multishot: multishot,
                            bundle: bundle)
                    }
                }
            }
        }
    }

    static let capacities: [TrafficCase] = RingCapacity.all.flatMap { capacity in
        RingMemoryKind.allCases.flatMap { memory in
            [false, true].map { bundle in
                TrafficCase(
                    driver: .queue, memory: memory, policy: .everything, capacity: capacity.entries, bufferSize: 16,
                    bundle: bundle)
            }
        }
    }
}

@Suite struct ReceiveTrafficTests {
    @Test(arguments: TrafficCase.all)
    func streamArrivesWhole(_ traffic: TrafficCase) throws { try run(traffic, total: 200_000) }

    @Test(arguments: TrafficCase.capacities)
    func everyCapacityCarriesAStream(_ traffic: TrafficCase) throws { try run(traffic, total: 12_000) }

    /// Sends a stream in pieces, keeps some buffers a while, ends them out of order, and arms again when need be.
    private func run(_ traffic: TrafficCase, total: Int) throws {
        let driver = try traffic.driver.make()
        let pair = SocketPair(traffic.socket)
        let group = try BufferGroup(
            ring: driver.descriptor, id: 11, capacity: traffic.capacity, bufferSize: traffic.bufferSize,
            refill: traffic.policy, ringMemory: traffic.memory)
        var outgoing = ByteStream(seed: 0x5eed)
        var incoming = outgoing
        var kept: [Handoff<ProvidedBuffer>] = []
        var piece = 1
        var armed = false
        var ended = false
        var bundles = 0
        while !ended {
            if Int(outgoing.position) < total {
                let count = min(piece, total - Int(outgoing.position), traffic.capacity * traffic.bufferSize)
                pair.write(outgoing.next(count))
                piece = piece % 5000 + 311
            } else {
                pair.closeWriter()
            }
            repeat {
                if !armed {
                    driver.receive(
                        from: pair.reader, into: group, multishot: traffic.multishot, bundle: traffic.bundle, tag: 7)
                    armed = true
                }
                for completion in try driver.completions(atLeast: 1) {
                    #expect(completion.tag == 7)
                    if completion.isFinal { armed = false }
                    switch group.take(completion) {
                    case .buffer(let buffer):
                        #expect(buffer.count <= traffic.bufferSize)
                        let isNext = incoming.matches(buffer)
                        #expect(isNext, "at byte \(incoming.position)")
                        if traffic.capacity >= 8 { kept.append(Handoff(buffer)) }
                    case .bundle(let bundle):
                        bundles += 1
                        #expect(traffic.bundle)
                        #expect(bundle.count == (bundle.byteCount + traffic.bufferSize - 1) / traffic.bufferSize)
                        let isNext = incoming.matches(bundle)
                        #expect(isNext, "at byte \(incoming.position)")
                    case .endOfStream: ended = true
                    case .starved: kept.removeAll()
                    case .failed(let error): Issue.record("\(error)")
                    case .unbuffered(let count): Issue.record("\(count) bytes without a buffer")
                    }
                }
                // Out of order: the middle first, then the oldest.
                while kept.count > traffic.capacity / 4 {
                    kept.remove(at: kept.count / 2).end()
                    kept.removeFirst().end()
                }
                group.refill()
            } while !ended && incoming.position < outgoing.position
            let books = group.books()
            guard books.balanced else {
                Issue.record("\(books.violations)")
                return
            }
        }
        kept.removeAll()
        #expect(incoming.position == UInt64(total))
        if traffic.bundle && traffic.capacity > 1 { #expect(bundles > 0) }
        let books = group.books()
        #expect(books.balanced, "\(books.violations)")
        #expect(books.receivedBytes == total)
        #expect(books.states.lent == 0 && group.lent == 0)
        #expect(books.unreaped == 0)
        try group.close()
        #expect(BufferGroup.abandonedBytes == 0)
    }
}
