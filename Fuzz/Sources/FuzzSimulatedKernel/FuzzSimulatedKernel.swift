// A buffer group on the simulated kernel; see GroupRun.

@c(LLVMFuzzerTestOneInput)
public func fuzz(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    // Safe: libFuzzer passes `count` readable bytes; they are copied.
    let input = unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
    GroupRun.run(input)
    return 0
}
