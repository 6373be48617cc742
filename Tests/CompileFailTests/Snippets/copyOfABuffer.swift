// expect: 'buffer' is borrowed and cannot be consumed
import UringBuffers

func copy(_ buffer: borrowing ProvidedBuffer) -> ProvidedBuffer { buffer }
