// Fuzzer bytes as commands on a ring.

/// One step of a ring's life. Two bytes each: the kind, and how far.
public enum Command {
    /// Add up to `count` entries, and no more than there is room for.
    case add(count: Int)
    /// Make everything added visible.
    case publish
    /// Consume up to `count` entries of those published.
    case consume(count: Int)
    /// Walk the slots of up to `count` positions from the head.
    case slotRun(count: Int)
    /// Compare against an impossible distance.
    case overrun(by: Int)
}

/// What one input says: a capacity, where the counters start, and commands.
public struct Script {
    public let exponent: Int
    public let start: Int
    public let commands: [Command]

    /// Byte 0 chooses the capacity, bytes 1 and 2 the first position; nil for shorter inputs.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count >= 3 else { return nil }
        exponent = Int(bytes[0] % 16)
        start = Int(bytes[1]) + 256 * Int(bytes[2])
        var commands: [Command] = []
        var offset = 3
        while offset + 1 < bytes.count {
            commands.append(Command(kind: bytes[offset], amount: bytes[offset + 1], entries: 1 << exponent))
            offset += 2
        }
        self.commands = commands
    }
}

extension Command {
    /// `amount` is a 256th of the ring where the top bit of `kind` is set, and a plain count otherwise.
    init(kind: UInt8, amount: UInt8, entries: Int) {
        let count = kind >= 128 ? (Int(amount) + 1) * entries / 256 : Int(amount)
        switch kind % 8 {
        case 0, 1: self = .add(count: count)
        case 2: self = .publish
        case 3, 4: self = .consume(count: count)
        case 5, 6: self = .slotRun(count: count)
        default: self = .overrun(by: 1 + count)
        }
    }
}
