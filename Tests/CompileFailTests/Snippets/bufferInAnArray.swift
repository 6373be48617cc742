// expect: type 'ProvidedBuffer' does not conform to protocol 'Copyable'
import UringBuffers

func keep(_ buffer: consuming ProvidedBuffer) -> [ProvidedBuffer] { [buffer] }
