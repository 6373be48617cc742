// Asking again for what rings that were closed a moment ago still hold.

import Glibc
import UringBuffers

enum LockedMemory {
    /// What rings that were closed just now were charged comes back a while later, so a lack of it is asked again:
    /// for a third of a second, less often each time, because each attempt is charged as well.
    static func patiently<Answer>(_ attempt: () throws(UringError) -> Answer) throws(UringError) -> Answer {
        for pause in [5, 20, 40, 80, 160] as [UInt32] {
            do { return try attempt() } catch {
                guard error.symbol == "ENOMEM" else { throw error }
                usleep(pause * 1000)
            }
        }
        return try attempt()
    }
}
