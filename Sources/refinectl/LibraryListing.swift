import ArgumentParser
import BusTransport
import RefineBus

/// `refinectl library list`
struct LibraryList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show the watched folders, or the photos in them.",
        discussion: """
              refinectl library list
              refinectl library list --photos --state quarantined --json
            """)

    @Flag(help: "Show photos instead of folders.")
    var photos = false

    @Option(
        help: ArgumentHelp(
            "With --photos, only those in this state: new, ready, skipped, quarantined or missing.", valueName: "state"),
        completion: .list(["new", "ready", "skipped", "quarantined", "missing"]))
    var state: String?

    @Flag(help: "Print one JSON object per line.")
    var json = false

    func validate() throws {
        if state != nil, !photos { throw ValidationError("--state needs --photos.") }
    }

    func run() async throws {
        let (photos, state, json) = (photos, state, json)
        try await LibraryCommand.with { library in
            guard photos else {
                let folders = try await library.folders()
                if folders.isEmpty, !json {
                    Terminal.say("no folder is watched; add one: refinectl library add FOLDER")
                }
                for folder in folders { Terminal.print(json ? Self.object(folder).text : Self.folderWords(folder)) }
                return
            }
            var offset: UInt32 = 0
            while true {
                var options: [String: BusValue] = ["offset": offset.busValue]
                options["state"] = state?.busValue
                let page = try await library.photos(options)
                for photo in page { Terminal.print(json ? Self.object(photo).text : Self.photoWords(photo)) }
                guard !page.isEmpty else { return }
                offset += UInt32(page.count)
            }
        }
    }

    /// The path as text, and where it is not valid UTF-8 its bytes too.
    private static func object(_ record: [String: BusValue]) -> JSON {
        .object(
            record.sorted { $0.key < $1.key }.flatMap { key, value -> [(String, JSON)] in
                let name = JSON.key(key)
                guard case .bytes(let path) = value else { return [(name, JSON(value))] }
                let text = String(decoding: path, as: UTF8.self)
                let plain: [(String, JSON)] = [(name, .string(text))]
                return Array(text.utf8) == path
                    ? plain : plain + [(name + "_bytes", .array(path.map { .integer(UInt64($0)) }))]
            })
    }

    private static func path(_ record: [String: BusValue]) -> String {
        RawPath.shown(record["path"]?.content(as: [UInt8].self) ?? [])
    }

    private static func folderWords(_ folder: [String: BusValue]) -> String {
        let images = folder["images"]?.content(as: [String: UInt64].self) ?? [:]
        let counts = ["ready", "new", "skipped", "quarantined", "missing"].compactMap { state in
            images[state].map { "\($0) \(state)" }
        }
        let state: String = folder["state"]?.content() ?? ""
        var notes = counts.isEmpty ? ["no photos"] : counts
        if state == "unavailable" { notes.insert("UNAVAILABLE", at: 0) }
        if folder["live"]?.content() == false, state == "ready" { notes.append("looked at from time to time") }
        let excludes: [String] = folder["excludes"]?.content() ?? []
        if !excludes.isEmpty { notes.append("without " + excludes.joined(separator: " ")) }
        return "\(path(folder))  \(notes.joined(separator: ", "))"
    }

    private static func photoWords(_ photo: [String: BusValue]) -> String {
        let state: String = photo["state"]?.content() ?? ""
        let error: String = photo["error"]?.content() ?? ""
        let width: UInt32 = photo["width"]?.content() ?? 0, height: UInt32 = photo["height"]?.content() ?? 0
        return path(photo) + "  " + state + (error.isEmpty ? "" : " (\(error))")
            + (width > 0 ? "  \(width)x\(height)" : "")
    }
}

/// `refinectl library stats`
struct LibraryStatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Show the library in numbers.",
        discussion: """
              refinectl library stats --json
            """)

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let json = json
        try await LibraryCommand.with { library in
            let stats = try await library.stats()
            guard !json else {
                return Terminal.print(JSON(stats).text)
            }
            func number(_ key: String) -> UInt64 {
                stats[key]?.content() ?? UInt64(stats[key]?.content(as: UInt32.self) ?? 0)
            }
            let images = stats["images"]?.content(as: [String: UInt64].self) ?? [:]
            let away = number("unavailable-folders"), failure: String = stats["failure"]?.content() ?? ""
            let isBusy = stats["busy"]?.content() == true
            let words = ["ready", "new", "skipped", "quarantined", "missing"].compactMap { state in
                images[state].map { "\($0) \(state)" }
            }
            Terminal.print(
                """
                folders    \(number("folders"))\(away > 0 ? ", \(away) UNAVAILABLE" : "")
                photos     \(words.isEmpty ? "none" : words.joined(separator: ", "))
                different  \(number("clusters")), \(number("held-out-clusters")) of them held out to check by
                database   \(TuningText.bytes(Double(number("database-bytes"))))
                state      \(state(number("done"), of: number("total"), waiting: images["new"] ?? 0, isBusy, failure))
                """)
        }
    }

    /// Folders are looked through before it is known how many photos of them are to be read.
    private func state(_ done: UInt64, of total: UInt64, waiting: UInt64, _ isBusy: Bool, _ failure: String) -> String {
        guard isBusy || failure.isEmpty else { return LibraryCommand.words(failure: failure) }
        return switch (isBusy, total, waiting) {
        case (true, 1..., _): "reading, \(done) of \(total)"
        case (true, _, _): "looking through the folders"
        // Their reader could not be started.
        case (false, _, 1...): "\(waiting) wait to be read: refinectl library rescan"
        default: "up to date"
        }
    }
}
