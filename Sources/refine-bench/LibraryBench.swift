import ArgumentParser
import Foundation
import ImageLibrary

/// `refine-bench library`: how long the library takes over a folder of many files.
struct LibraryBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "library",
        abstract: "Time a first pass, an unchanged pass and a status over a made-up folder of small files.",
        discussion: """
            The files are removed at the end.

              refine-bench library --photos 20000 --folder ~/tmp
            """)

    @Option(help: "How many files.") var photos = 100_000
    @Option(help: "Where to make the folder; the system's temporary folder where not given.") var folder: String?
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        guard (1...10_000_000).contains(photos) else { throw ValidationError("--photos must be at least 1") }
    }

    func run() throws {
        let parent = folder ?? FileManager.default.temporaryDirectory.path
        let root = parent + "/refine-bench-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: root) }
        try makeFiles(root + "/photos")
        guard let place = BytePath(root + "/photos").resolved() else { throw CocoaError(.fileNoSuchFile) }
        let (store, _) = try LibraryStore.open(in: root + "/data")
        let added = try store.addFolder(place, FolderOptions())
        let first = try seconds { _ = try FolderPass.run(store, added) }
        try store.finishPass(over: added.id, .ready, place: added.place)
        let intake = try seconds { try takeIn(store) }
        let again = try seconds { _ = try FolderPass.run(store, added) }
        let status = try (0..<101).map { _ in try seconds { _ = try store.stats() } }.sorted()
        let figures: [(String, Double)] = [
            ("photos", Double(photos)), ("first_pass_files_per_s", Double(photos) / first),
            ("intake_photos_per_s", Double(photos) / intake), ("unchanged_pass_files_per_s", Double(photos) / again),
            ("status_median_ms", status[50] * 1e3), ("status_max_ms", status[100] * 1e3),
            ("database_mb", Double(try store.stats().databaseBytes) / 1e6),
            ("peak_rss_mb", BenchReport.peakResidentMegabytes()),
        ]
        if json {
            print("{" + figures.map { "\"\($0)\": \(String(format: "%.4g", $1))" }.joined(separator: ", ") + "}")
        } else {
            for (name, value) in figures { print(name.replacing("_", with: " "), String(format: "%.4g", value)) }
        }
    }

    /// A hundred files in a folder, with names as cameras give them.
    private func makeFiles(_ root: String) throws {
        for i in 0..<photos {
            let folder = "\(root)/2026/album-\(i / 100)"
            if i % 100 == 0 {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            }
            guard FileManager.default.createFile(atPath: "\(folder)/IMG_20260715_\(i).jpg", contents: Data("\(i)".utf8))
            else { throw CocoaError(.fileWriteUnknown) }
        }
    }

    /// As the reader would answer, with hashes that have nothing to do with each other.
    private func takeIn(_ store: LibraryStore) throws {
        let intake = try ImageIntake(store)
        while true {
            let images = try store.waiting(limit: 1000)
            guard !images.isEmpty else { return }
            try intake.accept(
                images.map { image in
                    var generator = SystemRandomNumberGenerator()
                    let content = (0..<4).flatMap { _ in withUnsafeBytes(of: generator.next()) { Array($0) } }
                    return (
                        image,
                        ImageFacts(contentHash: content, perceptualHash: generator.next(), width: 4000, height: 3000)
                    )
                })
        }
    }

    private func seconds(_ body: () throws -> Void) throws -> Double {
        try ContinuousClock().measure(body) / .seconds(1)
    }
}
