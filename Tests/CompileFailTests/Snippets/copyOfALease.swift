// expect: 'lease' consumed more than once
import UringBuffers

func twice(_ lease: consuming SendLease) {
    let first = lease
    let second = lease
    _ = first.sent + second.sent
}
