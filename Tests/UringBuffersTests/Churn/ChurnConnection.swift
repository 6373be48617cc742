// One connection of the churn: what it wrote, what came, and what is armed on it.

import KernelSupport
import UringBuffers

final class ChurnConnection {
    let index: Int
    let kind: SocketKind
    let owner: OwnerTag
    private(set) var pair: SocketPair
    private(set) var outgoing: ByteStream
    var incoming: ByteStream
    /// Bytes that came on sockets that have ended.
    private(set) var bytesBefore = 0
    private var unreadWrites = 0

    /// A receive is under way.
    var isArmed = false
    /// Somebody asked for its end.
    var isCancelling = false
    /// It starved, and waits in line.
    var isWaiting = false
    private(set) var isEnding = false

    init(index: Int, kind: SocketKind, seed: UInt64, owner: OwnerTag) {
        self.index = index
        self.kind = kind
        self.owner = owner
        pair = SocketPair(kind)
        outgoing = ByteStream(seed: seed)
        incoming = outgoing
    }

    var unread: Int { Int(outgoing.position - incoming.position) }
    var received: Int { bytesBefore + Int(incoming.position) }

    /// Writes a message unless so much lies unread that the write might block.
    func write(_ count: Int) {
        if unread == 0 { unreadWrites = 0 }
        guard !isEnding, unread + count <= 32768, unreadWrites < 32 else { return }
        pair.write(outgoing.next(count))
        unreadWrites += 1
    }

    /// Writes no more: what was written still comes, and then the end.
    func endWriting() {
        guard !isEnding else { return }
        isEnding = true
        pair.closeWriter()
    }

    /// The end came: begins again on new sockets.
    func startOver(seed: UInt64) {
        bytesBefore += Int(incoming.position)
        pair = SocketPair(kind)
        outgoing = ByteStream(seed: seed)
        incoming = outgoing
        isEnding = false
        unreadWrites = 0
    }
}
