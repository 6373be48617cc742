// A target that must fail: the model has a planted mistake, which the fuzzer must find within seconds.

import RingCommands

@c(LLVMFuzzerTestOneInput)
public func fuzz(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    // Safe: libFuzzer passes `count` readable bytes; they are copied.
    let input = unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
    RingRun.run(input, planted: true)
    return 0
}
