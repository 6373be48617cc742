// How much the next receive of a connection will bring.

/// Guesses the size of the next receive from those before, for ``BufferPool/choose(for:)``. A small value: keep one for
/// each connection.
///
/// Grows at once: a receive that filled what it had room for quadruples the guess. Shrinks slowly: four in a row that
/// needed no more than half of it halve it. So a transfer is in large buffers after two or three receives, and a chat goes
/// back to small ones when the transfer is over.
public struct ReceiveEstimate: Hashable, Sendable {
    /// How many bytes to expect.
    public private(set) var bytes: Int
    private let least: Int
    private let most: Int
    private var small: UInt8 = 0

    static let smallBeforeShrinking: UInt8 = 4

    /// - Parameters:
    ///   - bytes: the first guess; kept within the bounds.
    ///   - bounds: the smallest and the largest guess, at least 1.
    public init(_ bytes: Int = 512, within bounds: ClosedRange<Int> = 64...(1 << 20)) {
        demand(bounds.lowerBound >= 1, "an estimate of \(bounds.lowerBound) bytes means nothing")
        least = bounds.lowerBound
        most = bounds.upperBound
        self.bytes = Swift.min(Swift.max(bytes, least), most)
    }

    /// Learns from one receive.
    ///
    /// - Parameters:
    ///   - received: its bytes.
    ///   - room: how many it could have brought: the size of the buffer, or the limit of the request. A receive that
    ///     used all of a smaller buffer than was expected to do says nothing but that there is more.
    public mutating func note(received: Int, room: Int) {
        if received >= Swift.min(room, bytes) {
            small = 0
            // Full: there may be more. Else the guess was right to the byte, or too small for a larger buffer.
            bytes = Swift.min(
                received >= room ? Swift.max(bytes, multiplied(received, 4)) : Swift.max(bytes, received), most)
        } else if received <= bytes / 2 {
            small += 1
            guard small == ReceiveEstimate.smallBeforeShrinking else { return }
            small = 0
            bytes = Swift.max(bytes / 2, least)
        } else {
            small = 0
        }
    }

    private func multiplied(_ value: Int, _ factor: Int) -> Int {
        let (product, overflow) = value.multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }
}
