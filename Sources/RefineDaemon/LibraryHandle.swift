import ImageLibrary
import Logging
import Synchronization

/// The library's database, opened once, when a part of the daemon first needs it, for all of them.
///
/// Where that fails, inpainting works all the same, and the parts that need the library say why they cannot.
public final class LibraryHandle: Sendable {
    /// The data folder.
    public let folder: String
    private let now: @Sendable () -> Int64
    private let log: Logger
    private let opened = Mutex<Result<LibraryStore, LibraryError>?>(nil)

    /// - Parameters:
    ///   - folder: made when the database is opened.
    ///   - time: of what is written down.
    ///   - log: is told of a database that is damaged.
    public init(folder: String, time: TimeSource, log: Logger) {
        self.folder = folder
        now = { Int64(time.now()) }
        self.log = log
    }

    /// Blocks when it opens the database; the second call waits for the first.
    ///
    /// - Throws: `LibraryError`, the same for every call.
    public func store() throws -> LibraryStore {
        try opened.withLock { opened in
            if let opened { return try opened.get() }
            let result = open()
            opened = result
            return try result.get()
        }
    }

    private func open() -> Result<LibraryStore, LibraryError> {
        do {
            let (store, recovery) = try LibraryStore.open(in: folder, now: now)
            if case .rebuilt(let path, let folders) = recovery {
                log.error(
                    "the library's database was damaged: moved aside and built anew",
                    metadata: ["file": "\(path.split(separator: "/").last ?? "")", "folders": "\(folders)"])
            }
            return .success(store)
        } catch {
            let error =
                error as? LibraryError
                ?? LibraryError(.databaseFailed, "the library cannot be opened", remedy: "check the data folder")
            log.error("no library", metadata: ["error": "\(error)"])
            return .failure(error)
        }
    }
}
