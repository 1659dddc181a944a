import ArgumentParser
import BusTransport
import Glibc
import RefineBus

/// What the user is told when something does not work, and the exit code that goes with it.
struct Failure: Error {
    let code: Int32
    let message: String
    /// What to do next; empty where there is nothing to do.
    let hint: String

    init(_ code: Int32, _ message: String, hint: String = "") {
        self.code = code
        self.message = message
        self.hint = hint
    }

    /// From sysexits.h, whose constants are macros in some C libraries.
    enum Code {
        static let usage: Int32 = 64
        static let dataError: Int32 = 65
        static let noInput: Int32 = 66
        static let unavailable: Int32 = 69
        static let software: Int32 = 70
        static let osError: Int32 = 71
        static let cannotCreate: Int32 = 73
        static let ioError: Int32 = 74
        static let temporary: Int32 = 75
        static let notPermitted: Int32 = 77
        static let configuration: Int32 = 78
    }

    /// A call to the system that failed on a file.
    static func file(_ code: Int32, _ what: String, _ path: String, _ number: Int32, hint: String) -> Failure {
        Failure(code, "\(what) \(path): \(String(cString: strerror(number)))", hint: hint)
    }

    /// Ended by a signal, as shells count it.
    static func interrupted(_ signal: Int32) -> Failure {
        Failure(128 + signal, "cancelled")
    }

    /// Writes the message and gives the exit code to throw.
    func report() -> ExitCode {
        let width = Terminal.isInteractive ? Terminal.width : nil
        Terminal.say(Paragraph.hanging("refinectl: ", message, within: width))
        if !hint.isEmpty { Terminal.say(Paragraph.hanging("  ", hint, within: width)) }
        return ExitCode(code)
    }

    /// Any error, in words for a user.
    ///
    /// - Parameters:
    ///   - photo, mask: The files of the call, to name them where the daemon names the argument.
    init(_ error: any Error, photo: String? = nil, mask: String? = nil) {
        switch error {
        case let failure as Failure: self = failure
        case let error as RefineError: self.init(daemon: error, photo: photo, mask: mask)
        case let error as BusError: self.init(bus: error)
        default: self.init(Code.software, "\(error)")
        }
    }

    private init(daemon error: RefineError, photo: String?, mask: String?) {
        let (place, code): (String, Int32) =
            switch error.subject {
            case "image": (photo ?? "the photo", Code.dataError)
            case "mask": (mask.map { "the mask \($0)" } ?? "the mask", Code.dataError)
            case "box": ("--box", Code.dataError)
            case "excludes": ("--exclude", Code.usage)
            case "minimum-side", "rescan-minutes", "state": ("--\(error.subject)", Code.usage)
            case "polygon": ("--polygon", Code.dataError)
            case "settings": ("the settings", Code.configuration)
            case "preview": ("--show", Code.software)
            case "who", "why": ("--\(error.subject)", Code.usage)
            case "windows": ("the schedule", Code.usage)
            case let name where InpaintOptions.specification.contains { $0.name == name }:
                ("--\(name.replacing("_", with: "-"))", Code.usage)
            case let name: (name, Code.dataError)
            }
        let final: Int32 =
            switch error.code {
            case .notFound where error.subject == "path" || error.subject == "folder": Code.noInput
            case .notFound where error.subject == "generation": Code.dataError
            case .invalidArgument, .tooLarge, .unsupportedFormat: code
            case .failed, .notFound: Code.software
            case .notAllowed: Code.notPermitted
            case .cancelled: 130
            case .busy: Code.temporary
            case .noModel: Code.unavailable
            }
        self.init(final, "\(place): \(error.detail)", hint: error.remedy)
    }

    private init(bus error: BusError) {
        switch (error.code, error.name) {
        case (.address, _), (.connect, _):
            self.init(Code.unavailable, error.message, hint: error.remedy)
        case (.remote, BusErrorName.serviceUnknown), (.remote, BusErrorName.nameHasNoOwner):
            self.init(
                Code.unavailable, "refined is not running",
                hint: "start it: systemctl --user start refined, or: refined &")
        case (.remote, let name?) where name.hasPrefix(BusErrorName.spawnPrefix):
            self.init(
                Code.unavailable, "refined cannot be started: \(error.message)",
                hint: "see: systemctl --user status refined")
        case (.remote, BusErrorName.unknownMethod), (.remote, BusErrorName.unknownInterface),
            (.remote, BusErrorName.unknownProperty):
            self.init(
                Code.unavailable, "what answers as \(RefineNames.bus) does not know this call",
                hint: "it is another program, or a refined of another version: see busctl --user status "
                    + "\(RefineNames.bus), and end it, or: systemctl --user restart refined")
        case (.remote, BusErrorName.noReply), (.disconnected, _):
            self = .vanished
        case (.system, _):
            self.init(Code.osError, error.message, hint: error.remedy)
        default:
            self.init(Code.software, "\(error)")
        }
    }

    /// The daemon or the bus went away in the middle of a job.
    static var vanished: Failure {
        Failure(
            Code.unavailable, "refined went away before it had finished",
            hint: "see: journalctl --user -u refined; then start it: systemctl --user start refined, or: refined &")
    }
}
