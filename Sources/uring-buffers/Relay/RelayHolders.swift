// Whom buffers are charged to when somebody watches: the host that is to read them.

import UringBuffers
import UringQueue

/// Hosts, not connections: views list a few dozen holders, and a slow host is slow in each of its connections.
struct RelayHolders {
    /// Later hosts share one tag.
    private static let mostHosts = 56
    private let isOn: Bool
    private var tags: [String: OwnerTag] = [:]

    init(isOn: Bool) { self.isOn = isOn }

    /// For bytes on their way to the other end of `socket`.
    mutating func client(at socket: Int32, _ group: borrowing BufferGroup) -> OwnerTag {
        guard isOn, let address = try? Socket.peerAddress(of: socket) else { return .none }
        return tag(named: "client \(address.host)", otherwise: "other clients", group)
    }

    mutating func upstream(at socket: Int32, _ group: borrowing BufferGroup) -> OwnerTag {
        guard isOn, let address = try? Socket.peerAddress(of: socket) else { return .none }
        return tag(named: "upstream \(address)", otherwise: "other upstreams", group)
    }

    private mutating func tag(
        named name: String, otherwise other: String, _ group: borrowing BufferGroup
    ) -> OwnerTag {
        if let known = tags[name] { return known }
        if tags.count >= RelayHolders.mostHosts, name != other { return tag(named: other, otherwise: other, group) }
        let made = group.makeTag(named: name) ?? .none
        tags[name] = made
        return made
    }
}
