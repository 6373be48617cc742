// expect: ok
import UringBuffers

func needsSendable<T: ~Copyable & Sendable>(_: borrowing T) {}
func check(_ buffer: borrowing ProvidedBuffer, _ bundle: borrowing BufferBundle, _ token: BufferToken) {
    needsSendable(buffer)
    needsSendable(bundle)
    needsSendable(token)
}
