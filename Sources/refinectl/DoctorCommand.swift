import ArgumentParser

/// `refinectl doctor`
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Find out what keeps refined from working, and what to do about it.",
        discussion: """
            Looks at the settings, the bus, the unit, the daemon, its guards, its model, the kernels that it computes with, \
            the folders of photos and what says whether the machine is idle, and fills a hole in a made-up picture. Starts \
            refined where it does not run.

              refinectl doctor
              refinectl doctor --json

            Each line says what to do about it where something is to be done. Ends with 69 where something keeps refined \
            from working; a warning is none.
            """)

    @Flag(help: "Print one JSON object per check, a line each.")
    var json = false

    func run() async throws {
        var isWell = true
        for check in await Examination().checks() {
            Terminal.print(json ? check.object.text : check.words)
            if check.verdict == .failed { isWell = false }
        }
        if !isWell { throw ExitCode(Failure.Code.unavailable) }
    }
}
