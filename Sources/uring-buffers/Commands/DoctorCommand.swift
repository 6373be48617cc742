// uring-buffers doctor

public import ArgumentParser
public import UringBuffers

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Say what this kernel and this user can do with buffer pools, and what to change.",
        discussion: """
            Asks the kernel itself, makes a pool for a moment, and looks at limits, switches and huge pages. Changes nothing.

            Exit codes:
              0   usable: pools work here with everything that they use
              1   limited: pools work, but something they would use is missing or scarce
              2   unusable: no ring can be made, or no pool fits
              64  the command line is wrong
            """)

    @Flag(help: "Print one line of JSON instead of text.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "For tests: judge this machine as if it ran that release.", valueName: "release", visibility: .hidden))
    var simulatedKernel: SimulatedRelease?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "For tests: a feature that the simulated kernel lacks.", valueName: "feature", visibility: .hidden))
    var without: [KernelFeature] = []

    func validate() throws {
        guard without.isEmpty || simulatedKernel != nil else {
            throw ValidationError("--without needs --simulated-kernel")
        }
    }

    func run() throws {
        var machine = Machine.read()
        if let simulatedKernel { machine = machine.simulating(simulatedKernel.release, without: Set(without)) }
        let isSimulated = machine.isSimulated
        let diagnosis = Diagnosis(machine) { isSimulated ? nil : $0.tryOut($1) }
        Output.line(json ? DiagnosisJSON.render(diagnosis) : DiagnosisText.render(diagnosis))
        guard diagnosis.verdict == .usable else { throw ExitCode(Int32(diagnosis.verdict.rawValue)) }
    }
}

struct SimulatedRelease: ExpressibleByArgument {
    let release: KernelRelease

    init?(argument: String) {
        guard let release = KernelRelease(argument) else { return nil }
        self.release = release
    }
}

extension KernelFeature: ExpressibleByArgument {}
