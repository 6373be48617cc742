// The final books of the tool, as its JSON says them.

import Foundation
import Testing

struct ToolSummary: Decodable {
    struct States: Decodable {
        let available: Int, partial: Int, lent: Int, sending: Int, cached: Int, retired: Int
        var total: Int { available + partial + lent + sending + cached + retired }
    }

    let balanced: Bool
    let capacity: Int
    let bufferSize: Int
    let states: States
    let lost: Int
    let selected: Int
    let recycled: Int
    let returned: Int
    let starvations: Int
    let avoidableStarvations: Int
    let window: Int
    let peakLent: Int
    let zeroCopySends: Int
    let copiedSends: Int
    let connections: Int
    let refused: Int
    let bytesReceived: Int
    let bytesSent: Int
    let peakResidentBytes: Int

    init(json: String) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(ToolSummary.self, from: Data(json.utf8))
    }

    /// What must hold at every end, whatever happened before.
    func check(_ context: String, sourceLocation: SourceLocation) {
        let context = Comment(rawValue: "\(context): \(self)")
        #expect(balanced, context, sourceLocation: sourceLocation)
        #expect(lost == 0, context, sourceLocation: sourceLocation)
        #expect(states.total == capacity, context, sourceLocation: sourceLocation)
        #expect(states.lent == 0 && states.sending == 0, context, sourceLocation: sourceLocation)
        // A partial buffer is still the kernel's; each other holds at least a byte unless it came with the end of a stream
        // or an error.
        let filled = selected + states.partial
        #expect(bytesReceived <= filled * bufferSize, context, sourceLocation: sourceLocation)
        #expect(bytesReceived == 0 || filled > 0, context, sourceLocation: sourceLocation)
        #expect(bytesSent <= bytesReceived, context, sourceLocation: sourceLocation)
        #expect(recycled + returned == selected, context, sourceLocation: sourceLocation)
        #expect(peakLent <= capacity && window <= capacity, context, sourceLocation: sourceLocation)
        // A send that goes out in parts has a notification for each.
        #expect(copiedSends <= zeroCopySends, context, sourceLocation: sourceLocation)
        #expect(avoidableStarvations <= starvations, context, sourceLocation: sourceLocation)
        #expect(peakResidentBytes > 0, context, sourceLocation: sourceLocation)
    }
}
