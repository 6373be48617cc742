// expect: value of type 'SharedBuffer' has no member 'mutableBytes'
import UringBuffers

func write(_ shared: SharedBuffer) {
    var copy = shared
    var bytes = copy.mutableBytes
    bytes.storeBytes(of: 1, as: UInt8.self)
}
