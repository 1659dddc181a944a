import ArgumentParser
import CSandbox
import RefineBus

/// The command line for people.
@main
struct Refinectl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refinectl",
        abstract: "Fill holes in photos with refined, on this machine only.",
        discussion: """
            Remove the rectangle 200x100 at 40,60 from a photo; the result is photo-filled.jpg:

              refinectl inpaint photo.jpg --box 40,60,200,100

            Fill what is white in a mask:

              refinectl inpaint photo.jpg --mask mask.png -o clean.jpg

            Paint over what should go, in a window:

              refinectl retouch photo.jpg

            See what the daemon does:

              refinectl status
              refinectl jobs

            Why it tunes or does not tune on your photos:

              refinectl why

            Exit codes are those of sysexits: 64 wrong use, 65 unusable photo or mask, 66 a file that cannot be read, \
            69 no daemon, no bus or no model, 70 the fill failed, 71 a privacy guard that does not hold, 73 output that \
            cannot be written, 75 too many jobs, 77 not allowed, 78 settings that cannot be used, 130 cancelled.
            """,
        version: ProductVersion.current,
        subcommands: [
            InpaintCommand.self, RetouchCommand.self, JobsCommand.self, CancelCommand.self, MonitorCommand.self,
            StatusCommand.self, LibraryCommand.self, ModelCommand.self, WhyCommand.self, TuneCommand.self,
            ScheduleCommand.self, InhibitCommand.self, ConfigCommand.self, PrivacyCommand.self,
            DoctorCommand.self,
            CompletionsCommand.self,
        ])

    static func main() async {
        // The command of `inhibit` would inherit both, and it is the user's own.
        guard CommandLine.arguments.dropFirst().first != InhibitCommand.configuration.commandName else {
            return await Self.main(nil)
        }
        // Nothing here talks to anything but local sockets; what the kernel refuses, refined's own guards still forbid.
        _ = refine_sandbox_no_core_dumps()
        _ = refine_sandbox_unix_sockets_only()
        await Self.main(nil)
    }
}
