// expect: 'second' used after consume
import UringBuffers

func join(_ first: inout BufferBundle, _ second: consuming BufferBundle) -> Int {
    first.append(second)
    return second.count
}
