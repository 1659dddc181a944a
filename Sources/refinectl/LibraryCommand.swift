import ArgumentParser
import BusTransport
import RefineBus

/// `refinectl library`
struct LibraryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "library",
        abstract: "Say which folders of photos refined may learn from, and what it knows of them.",
        discussion: """
            Photos are read, never written or moved, and nothing of them leaves this machine.

              refinectl library add ~/Pictures --exclude '*.gif' --exclude 'scans/**'
              refinectl library list
              refinectl library list --photos --state quarantined
              refinectl library forget ~/Pictures/private
            """,
        subcommands: [
            LibraryAdd.self, LibraryRemove.self, LibraryList.self, LibraryRescan.self, LibraryForget.self,
            LibraryStatsCommand.self,
        ])

    /// Why the library is not up to date; it is tried again from time to time.
    ///
    /// - Parameter failure: a code.
    static func words(failure: String) -> String {
        switch failure {
        case "disk-full": "not up to date: the disk of the data folder is full"
        case "in-use": "not up to date: another program uses its database"
        default: "not up to date: its database failed (\(InpaintOptions.printable(failure)))"
        }
    }

    /// Runs `body` with the library, and says what went wrong.
    static func with(_ body: (LibraryProxy) async throws -> Void) async throws {
        try await Session.with { try await body(LibraryProxy($0)) }
    }

    /// Runs `body` for each path. One that fails does not keep the others from their turn.
    static func each(_ paths: [String], _ body: (LibraryProxy, [UInt8]) async throws -> Void) async throws {
        try await with { library in
            var first: Failure?
            for path in paths {
                do {
                    try await body(library, try RawPath.absolute(path))
                } catch {
                    let cause = Failure(error)
                    let words = cause.message.hasPrefix("path: ") ? String(cause.message.dropFirst(6)) : cause.message
                    let failure = Failure(
                        cause.code, "\(RawPath.shown(RawPath.bytes(path))): \(words)", hint: cause.hint)
                    guard paths.count > 1, failure.code != Failure.Code.unavailable else { throw failure }
                    _ = failure.report()
                    first = first ?? failure
                }
            }
            if let first { throw Failure(first.code, "not everything was done") }
        }
    }
}

/// `refinectl library add`
struct LibraryAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Watch a folder and all below it.",
        discussion: """
            Links inside are not followed. Folders with a file .nomedia and hidden ones are left out.

              refinectl library add ~/Pictures --exclude '*.gif' --exclude 'scans/**'
            """)

    @Argument(help: ArgumentHelp("Folders of photos.", valueName: "folder"), completion: .directory)
    var folders: [String]

    @Option(
        help: ArgumentHelp(
            "What to leave out, as a shell pattern: of names, or with a slash of paths below the folder. Can be given "
                + "several times.", valueName: "pattern"))
    var exclude: [String] = []

    @Flag(help: "Also go into folders and take files whose name begins with a dot.")
    var hidden = false

    @Flag(help: "Also take pictures of the screen.")
    var screenshots = false

    @Option(
        help: ArgumentHelp(
            "Leave out photos with a shorter side, 64 to 4096; 256 where not given.", valueName: "pixels"))
    var minimumSide: UInt32?

    @Option(
        help: ArgumentHelp(
            "How often to look again where changes are not told, as on network file systems; 60 where not given.",
            valueName: "minutes"))
    var rescanMinutes: UInt32?

    func run() async throws {
        var options: [String: BusValue] = ["hidden": .bool(hidden), "screenshots": .bool(screenshots)]
        if !exclude.isEmpty { options["excludes"] = exclude.busValue }
        options["minimum-side"] = minimumSide?.busValue
        options["rescan-minutes"] = rescanMinutes?.busValue
        let chosen = options
        try await LibraryCommand.each(folders) { library, path in
            try await library.addFolder(path, chosen)
            Terminal.confirm("\(RawPath.shown(path)) is watched from now on; see: refinectl library list")
        }
    }
}

/// `refinectl library remove`
struct LibraryRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Stop watching a folder and drop what is known of its photos.",
        discussion: """
            What was learnt from them stays; see refinectl library forget.

              refinectl library remove ~/Pictures
            """)

    @Argument(help: ArgumentHelp("Watched folders.", valueName: "folder"), completion: .directory)
    var folders: [String]

    func run() async throws {
        try await LibraryCommand.each(folders) { library, path in
            try await library.removeFolder(path)
            Terminal.confirm("\(RawPath.shown(path)) is not watched any more")
        }
    }
}

/// `refinectl library forget`
struct LibraryForget: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Remove every trace of a photo, or of all photos in a folder.",
        discussion: """
            What is known of them goes, and every generation of the model that learnt from them, with all that descend \
            from it. The files themselves stay, and are left alone from now on.

              refinectl library forget ~/Pictures/private
            """)

    @Argument(
        help: ArgumentHelp("Photos or folders; they need not be there any more.", valueName: "path"),
        completion: .file())
    var paths: [String]

    @Flag(help: "Print one JSON object per path.")
    var json = false

    func run() async throws {
        let json = json
        try await LibraryCommand.each(paths) { library, path in
            let (photos, generations) = try await library.forget(path)
            if json {
                Terminal.print(
                    JSON.object([
                        ("path", .string(String(decoding: path, as: UTF8.self))), ("photos", .integer(UInt64(photos))),
                        ("generations", .integer(UInt64(generations))),
                    ]).text)
            } else {
                let models = generations == 0 ? "" : " and \(generations) generation\(generations == 1 ? "" : "s")"
                Terminal.print("forgot \(photos) photo\(photos == 1 ? "" : "s")\(models)")
            }
        }
    }
}

/// `refinectl library rescan`
struct LibraryRescan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rescan",
        abstract: "Look through all folders once more, and wait until that is done.",
        discussion: """
              refinectl library rescan
              refinectl library rescan --no-wait
            """)

    @Flag(inversion: .prefixedNo, help: "Wait until it is done.")
    var wait = true

    func run() async throws {
        let wait = wait
        try await LibraryCommand.with { library in
            try await library.rescan()
            while wait {
                let stats = try await library.stats()
                guard stats["busy"]?.content() == true else {
                    guard let failure: String = stats["failure"]?.content(), !failure.isEmpty else { break }
                    throw Failure(
                        Failure.Code.software, LibraryCommand.words(failure: failure),
                        hint: "see: refinectl library stats")
                }
                if Terminal.isInteractive, let total: UInt64 = stats["total"]?.content(), total > 0 {
                    let done: UInt64 = stats["done"]?.content() ?? 0
                    Terminal.put("\r\(done) of \(total) new photos read\u{1b}[K", to: 2)
                }
                try await Task.sleep(for: .milliseconds(200))
            }
            if Terminal.isInteractive { Terminal.put("\r\u{1b}[K", to: 2) }
        }
    }
}
