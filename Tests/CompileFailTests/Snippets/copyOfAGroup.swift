// expect: 'group' is borrowed and cannot be consumed
import UringBuffers

func copy(_ group: borrowing BufferGroup) -> BufferGroup { group }
