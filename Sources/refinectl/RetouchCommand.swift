import ArgumentParser
import Glibc

/// `refinectl retouch`
struct RetouchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retouch",
        abstract: "Paint over what should go from a photo, in a window.",
        discussion: """
              refinectl retouch photo.jpg

            Enter fills what is painted, Space shows what was before, Ctrl+S saves beside the photo under another name. File \
            managers start it as Remove from Photo. Ends with 69 where there is no GTK for Python, 66 for a photo that \
            cannot be shown.
            """)

    @Argument(help: ArgumentHelp("Photos, each in a window.", valueName: "photo"), completion: .file())
    var photos: [String]

    func run() throws {
        guard let program = Self.program else {
            throw Failure(
                Failure.Code.unavailable, "refine-retouch is not installed",
                hint: "install Refine-Control anew: make install, or its package"
            ).report()
        }
        // In the place of this process: the guards that refinectl has put up hold for it too.
        var arguments = ([program] + photos).map { strdup($0) } + [nil]
        execv(program, &arguments)
        throw Failure.file(
            Failure.Code.osError, "cannot start", program, errno, hint: "it needs python3: apt install python3"
        ).report()
    }

    /// Where it was installed to, or in the sources where refinectl was built there.
    private static var program: String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &buffer, buffer.count)
        guard length > 0 else { return nil }
        let folder = FilePath.split(String(decoding: buffer.prefix(length).map(UInt8.init(bitPattern:)), as: UTF8.self))
            .folder
        return ["../libexec/refine-control", "../../../Sources/desktop"].map { "\(folder)/\($0)/refine-retouch" }
            .first { access($0, X_OK) == 0 }
    }
}
