// Skips that nobody can overlook.

import Testing

enum Skip {
    static func say(_ what: String, _ why: String) { print("SKIPPED: \(what): \(why)") }

    /// Passes `condition` on, and says loudly what is left out when it does not hold.
    static func unless(_ condition: Bool, _ what: String, _ why: String) -> Bool {
        if !condition { say(what, why) }
        return condition
    }
}
