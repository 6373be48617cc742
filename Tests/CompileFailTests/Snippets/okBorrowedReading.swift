// expect: ok
import UringBuffers

func count(_ buffer: borrowing ProvidedBuffer) -> Int { buffer.bytes.byteCount }
func length(_ buffer: borrowing ProvidedBuffer) -> Int { unsafe buffer.withUnsafeBytes { $0.count } }
func token(_ buffer: consuming ProvidedBuffer) -> BufferToken { buffer.intoToken() }
