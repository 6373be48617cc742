// expect: risks causing data races
import UringBuffers

func start(_ body: sending @escaping () -> Void) {}
func race(_ group: consuming BufferGroup) {
    let shared = Shared(group)
    start { shared.group.refill() }
    shared.group.refill()
}
final class Shared {
    let group: BufferGroup
    init(_ group: consuming BufferGroup) { self.group = group }
}
