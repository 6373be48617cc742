// The doctor on machines that are well, limited and ill.

import Glibc
import Testing

extension ToolTests {
    @Suite struct DoctorTests {
        /// What a pool uses by itself where it is there.
        private static let wanted: Set = ["multishotReceive", "deferredTaskRun", "ringHead", "bundles", "incremental"]

        @Test func thisMachine() throws {
            let (report, _) = try DoctorReport.make()
            #expect(report.ioUring.works && !report.kernel.simulated)
            #expect(report.capabilities.features.contains("bufferRings"))
            #expect(report.capabilities.fixedBufferSlots > 0)
            let isWhole = Self.wanted.isSubset(of: report.capabilities.usable)
            // The machine's own limits may be tight as well, but they are never the reason as root.
            if geteuid() == 0 { #expect(report.exitCode == (isWhole ? 0 : 1), "\(report)") }
        }

        // MARK: Old kernels

        @Test(arguments: [
            ("5.0", 2, "callerChosen"), ("5.1", 1, "callerChosen"), ("5.6", 1, "callerChosen"),
            ("5.15", 1, "providedBuffers"), ("5.19", 1, "wholeBuffers"), ("6.1", 1, "wholeBuffers"),
            ("6.11", 1, "wholeBuffers"),
            ("6.12", 0, "incremental"), ("6.14.2", 1, "incremental"), ("6.18.44", 0, "incremental"),
            ("7.1", 0, "incrementalWithMinimum"),
        ])
        func simulatedKernel(release: String, exitCode: Int32, mode: String) throws {
            let (report, text) = try DoctorReport.make(["--simulated-kernel", release])
            #expect(report.kernel.simulated && report.kernel.text == release)
            #expect(text.contains("(simulated)"))
            #expect(report.exitCode == exitCode, "\(text)")
            #expect(report.capabilities.bestMode == mode)
        }

        /// Every rung of the ladder, forced by switching probes off.
        @Test func ladder() throws {
            var options = ["--simulated-kernel", "7.1"]
            var modes: [String] = []
            for missing in ["", "minimumLeft", "incremental", "bufferRings", "providedBuffers"] {
                if !missing.isEmpty { options += ["--without", missing] }
                modes.append(try DoctorReport.make(options).report.capabilities.bestMode)
            }
            #expect(
                modes == ["incrementalWithMinimum", "incremental", "wholeBuffers", "providedBuffers", "callerChosen"])
        }

        @Test func knownBugsAreTold() throws {
            let (bad, text) = try DoctorReport.make(["--simulated-kernel", "6.14.2"])
            let bundles = try #require(bad.quirks.first { $0.switchedOff == ["bundles"] })
            #expect(bundles.id == "bundle-order" && bundles.reference.hasSuffix("/1409"))
            #expect(text.contains("bundle-order:") && text.contains(bundles.reference))
            #expect(bad.capabilities.features.contains("bundles") && !bad.capabilities.usable.contains("bundles"))
            #expect(bad.reasons.contains { $0.contains("bundles") && $0.contains("known bug") })
            let (good, _) = try DoctorReport.make(["--simulated-kernel", "6.14.9"])
            #expect(good.exitCode == 0 && !good.quirks.contains { $0.id == "bundle-order" })
        }
    }

    // MARK: Refusals

    @Suite(.needs(.strace, for: "the doctor where system calls are refused"))
    struct RefusedDoctorTests {
        private func wrapper(_ call: String, _ error: String) throws -> [String] {
            [try OutsideProgram.strace.require(), "-f", "-o", "/dev/null", "-e", "inject=\(call):error=\(error)"]
        }

        @Test(arguments: [
            ("EPERM", "allow io_uring_setup"), ("ENOSYS", "hides it"), ("EMFILE", "ulimit -n"),
            ("ENOMEM", "memory"),
        ])
        func noRingCanBeMade(error: String, advice: String) throws {
            let (report, text) = try DoctorReport.make(wrapper: wrapper("io_uring_setup", error))
            #expect(report.exitCode == 2 && report.ioUring.error == error)
            #expect(report.reasons.count == 1 && report.reasons[0].contains(advice), "\(report.reasons)")
            #expect(report.capabilities.features.isEmpty && report.quirks.isEmpty && report.suggestion == nil)
            #expect(text.contains("no ring can be made (\(error))"))
        }

        /// As a kernel that knows none of the calls would answer.
        @Test func nothingCanBeRegistered() throws {
            let (report, _) = try DoctorReport.make(wrapper: wrapper("io_uring_register", "EINVAL"))
            #expect(report.exitCode == 1 && report.ioUring.works)
            #expect(report.capabilities.bestMode == "callerChosen" && report.capabilities.fixedBufferSlots == 0)
            for lost in [
                "bufferRings", "kernelRings", "ringHead", "incremental", "minimumLeft", "fixedBuffers",
                "cloneBuffers", "memoryRegions", "registeredWaits", "query", "zeroCopySend", "providedBuffers",
            ] {
                #expect(!report.capabilities.features.contains(lost), "\(lost)")
            }
            #expect(report.reasons[0].contains("No buffer rings"), "\(report.reasons)")
        }
    }

    // MARK: Limits

    @Suite(.unprivileged("the doctor without privileges"))
    struct UnprivilegedDoctorTests {
        /// As a new user each time unless one is named.
        private func report(lockedKiB: Int, user: Int? = nil) throws -> DoctorReport {
            try DoctorReport.make(
                wrapper: Unprivileged.wrapper(lockedKiB: lockedKiB, user: user ?? Unprivileged.newUser()),
                binary: Unprivileged.tool
            ).report
        }

        @Test func nobodyIsAsWellAsRoot() throws {
            let (root, _) = try DoctorReport.make()
            let nobody = try report(lockedKiB: 8192)
            #expect(nobody.capabilities.features == root.capabilities.features)
            #expect(nobody.exitCode == root.exitCode, "\(nobody.reasons)")
            #expect(root.lockedMemory.exempt && !nobody.lockedMemory.exempt)
            #expect(nobody.lockedMemory.available == 8 << 20)
        }

        /// The first advice must do: it is followed once.
        @Test(arguments: [(64, 1), (32, 1), (24, 1), (20, 2), (16, 2), (8, 2), (4, 2), (0, 2)])
        func scarceLockedMemory(lockedKiB: Int, exitCode: Int32) throws {
            let whole = try report(lockedKiB: 8192).exitCode
            let found = try report(lockedKiB: lockedKiB)
            #expect(found.exitCode == exitCode, "\(found.reasons)")
            let reason = try #require(found.reasons.last)
            #expect(reason.contains("limit of \(lockedKiB) KiB is too small"), "\(reason)")
            let advice = try #require(reason.firstMatch(of: /ulimit -l ([0-9]+)/).flatMap { Int($0.1) }, "\(reason)")
            #expect(advice > lockedKiB)
            let followed = try report(lockedKiB: advice)
            #expect(followed.exitCode == (exitCode == 1 ? whole : 1), "\(followed.reasons)")
        }

        /// What another process of the user holds is not told by the kernel, but a pool that is tried finds out.
        @Test func lockedMemoryThatAnotherProcessHolds() throws {
            let user = Unprivileged.newUser()
            let wrapper = Unprivileged.wrapper(lockedKiB: 640, user: user)
            let other = try RunningTool(
                .echo, options: ["--buffers", "32768"], wrapper: wrapper, binary: Unprivileged.tool)
            let found = try report(lockedKiB: 640, user: user)
            #expect(found.exitCode == 1, "\(found.reasons)")
            let reason = try #require(found.reasons.last)
            #expect(reason.contains("Other rings of this user"), "\(reason)")
            try other.end()
        }
    }
}
