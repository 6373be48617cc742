// The arithmetic of indices, fills and slot runs over ring-shaped memory; see RingRun.

import RingCommands

@c(LLVMFuzzerTestOneInput)
public func fuzz(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    // Safe: libFuzzer passes `count` readable bytes; they are copied.
    let input = unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
    RingRun.run(input)
    return 0
}
