// expect: 'buffer' is borrowed and cannot be consumed
import UringBuffers

func end(_ buffer: borrowing ProvidedBuffer) { buffer.recycle() }
