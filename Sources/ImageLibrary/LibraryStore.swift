import Foundation
import GRDB

/// The library's database: which folders are watched, what is known of the images in them, and what was made of them.
///
/// ```swift
/// let (store, recovery) = try LibraryStore.open(in: dataFolder)
/// let folder = try store.addFolder(BytePath("/home/me/Pictures"), FolderOptions())
/// ```
///
/// All methods block and can be called from any thread. Photos are never written or moved.
public final class LibraryStore: Sendable {
    /// What had to be done to open the database.
    public enum Recovery: Sendable, Equatable {
        case none
        /// The file was damaged. It was moved aside under this name, and a new one has this many folders of the old one.
        case rebuilt(movedTo: String, folders: Int)
    }

    let pool: DatabasePool
    let file: String
    /// Microseconds since 1970.
    let now: @Sendable () -> Int64

    static let fileName = "library.sqlite"

    /// Opens the database, and makes it where there is none.
    ///
    /// - Parameters:
    ///   - folder: The data folder, which is made with mode 0700; all files in it get mode 0600.
    ///   - now: Microseconds since 1970.
    /// - Throws: `LibraryError`: `newerDatabase` where a newer version of the program has written it, `diskFull`,
    ///   `databaseFailed`.
    public static func open(
        in folder: String, now: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1e6) }
    ) throws -> (LibraryStore, Recovery) {
        try PrivateFolder.make(folder)
        let file = folder + "/" + fileName
        do {
            return (try LibraryStore(file: file, now: now), .none)
        } catch let error as DatabaseError where Self.isDamage(error) {
            let folders = salvageFolders(file)
            let aside = try moveAside(file, now: now())
            let store = try refining { try LibraryStore(file: file, now: now) }
            for (path, options) in folders { _ = try? store.addFolder(path, options) }
            try store.addEvent("database-rebuilt", "folders kept: \(folders.count)")
            return (store, .rebuilt(movedTo: aside, folders: folders.count))
        } catch let error as DatabaseError {
            throw Self.error(error)
        }
    }

    private init(file: String, now: @escaping @Sendable () -> Int64) throws {
        try PrivateFolder.makeFile(file)
        var configuration = Configuration()
        configuration.label = "library"
        configuration.maximumReaderCount = 2
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { database in
            // What is deleted is overwritten, and nothing goes to files outside of the data folder.
            try database.execute(
                sql: "PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 4194304")
        }
        pool = try DatabasePool(path: file, configuration: configuration)
        self.file = file
        self.now = now
        let migrator = LibrarySchema.migrator
        let problem = try pool.read { database -> String? in
            if try migrator.hasBeenSuperseded(database) { return nil }
            return try String.fetchOne(database, sql: "PRAGMA quick_check(1)")
        }
        switch problem {
        case nil:
            throw LibraryError(
                .newerDatabase, "a newer version of Refine-Control has written the library",
                remedy: "use that version, or move library.sqlite in the data folder away")
        case "ok": break
        default: throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "quick_check")
        }
        try migrator.migrate(pool)
    }

    /// Brings everything into the one file and ends all connections.
    public func close() throws {
        // Fails while another process reads; then the journal is taken over by the next one that opens the file.
        _ = try? pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
        try Self.refining { try pool.close() }
    }

    // MARK: Damage

    private static func isDamage(_ error: DatabaseError) -> Bool {
        [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode)
    }

    /// The watched folders, as far as they can still be read.
    private static func salvageFolders(_ file: String) -> [(BytePath, FolderOptions)] {
        var configuration = Configuration()
        configuration.readonly = true
        let rows = try? DatabaseQueue(path: file, configuration: configuration).read {
            try Row.fetchAll($0, sql: "SELECT path, options FROM folders")
        }
        return (rows ?? []).map { row in (BytePath(row["path"] as Data), decodedOptions(row["options"])) }
    }

    private static func moveAside(_ file: String, now: Int64) throws -> String {
        let aside = "\(file).damaged-\(now / 1_000_000)"
        for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: file + suffix) {
            guard rename(file + suffix, aside + suffix) == 0 else {
                throw LibraryError(
                    .databaseFailed, "the library's database is damaged and cannot be moved aside",
                    remedy: "move library.sqlite in the data folder away by hand")
            }
        }
        return aside
    }

    // MARK: Errors

    /// Runs `body` with SQLite's errors as those of the library.
    static func refining<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as DatabaseError {
            throw Self.error(error)
        }
    }

    func write<Result>(_ body: (Database) throws -> Result) throws -> Result {
        try Self.refining { try pool.write(body) }
    }

    func read<Result>(_ body: (Database) throws -> Result) throws -> Result {
        try Self.refining { try pool.read(body) }
    }

    static func error(_ error: DatabaseError) -> LibraryError {
        switch error.resultCode {
        case .SQLITE_FULL:
            LibraryError(.diskFull, "the disk of the data folder is full", remedy: "free some space and try again")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            LibraryError(.inUse, "another program uses the library's database", remedy: "end it and try again")
        default:
            // The number only: SQLite's words can hold a path.
            LibraryError(
                .databaseFailed, "the library's database cannot be used (SQLite \(error.extendedResultCode.rawValue))",
                remedy: "check the data folder's disk and permissions, then restart refined")
        }
    }

    static func decodedOptions(_ text: String) -> FolderOptions {
        // Written by this program; what another version wrote differently falls back to the defaults as a whole.
        (try? JSONDecoder().decode(FolderOptions.self, from: Data(text.utf8))) ?? FolderOptions()
    }
}

/// Folders and files that nobody else can read.
public enum PrivateFolder {
    /// Makes a folder, with those above it, or takes away what others may do with it.
    ///
    /// - Throws: `LibraryError`.
    public static func make(_ path: String) throws {
        try? FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        guard chmod(path, 0o700) == 0 else {
            throw LibraryError(
                .databaseFailed, "the data folder cannot be made or used (\(String(cString: strerror(errno))))",
                remedy: "check XDG_DATA_HOME and the permissions of ~/.local/share")
        }
    }

    /// Makes an empty file unless it is there. SQLite gives its other files the same mode.
    static func makeFile(_ path: String) throws {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw LibraryError(
                errno == ENOSPC ? .diskFull : .databaseFailed,
                "the library's database cannot be made or opened (\(String(cString: strerror(errno))))",
                remedy: "check the data folder's disk and permissions")
        }
        defer { Glibc.close(descriptor) }
        fchmod(descriptor, 0o600)
    }
}
