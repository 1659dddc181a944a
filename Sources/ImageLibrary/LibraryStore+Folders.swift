import Foundation
import GRDB

extension LibraryStore {
    /// Watches a folder from now on.
    ///
    /// - Parameters:
    ///   - path: absolute, with links resolved.
    ///   - options: what of it to leave out, and how often to look again.
    /// - Throws: `LibraryError`: the folder cannot be read, is watched already, or is inside or around a watched one.
    public func addFolder(_ path: BytePath, _ options: FolderOptions) throws -> FolderRecord {
        try ExcludeRules.validate(options.excludes)
        let place = try Self.place(of: path)
        let json = String(decoding: try JSONEncoder().encode(options), as: UTF8.self)
        let id = try write { database -> Int64 in
            for folder in try Self.folders(database) {
                if folder.path == path {
                    throw LibraryError(
                        .alreadyWatched, "the folder is watched already",
                        remedy: "remove it first to change its options")
                }
                if path.relative(to: folder.path) != nil || folder.path.relative(to: path) != nil {
                    throw LibraryError(
                        .overlapping, "the folder is inside of a watched one or around it",
                        remedy: "remove that one first: refinectl library list shows it")
                }
            }
            try database.execute(
                sql: "INSERT INTO folders (path, options, added_at, device, inode) VALUES (?, ?, ?, ?, ?)",
                arguments: [Data(path.bytes), json, now(), place.device, place.inode])
            return database.lastInsertedRowID
        }
        guard let folder = try folder(id) else {
            throw LibraryError(.notWatched, "the folder was removed at the same time", remedy: "add it again")
        }
        return folder
    }

    /// Stops watching a folder and drops all that is known of its images. Generations that learnt from them stay.
    ///
    /// - Throws: `LibraryError` with `notWatched`.
    public func removeFolder(_ path: BytePath) throws {
        try write { database in
            try database.execute(sql: "DELETE FROM folders WHERE path = ?", arguments: [Data(path.bytes)])
            guard database.changesCount > 0 else { throw Self.notWatched }
            try Self.dropEmptyClusters(database)
        }
        try scrub()
    }

    /// The watched folders in the order of their paths.
    public func folders() throws -> [FolderRecord] { try read(Self.folders) }

    public func folder(_ id: Int64) throws -> FolderRecord? {
        try folders().first { $0.id == id }
    }

    /// Notes the end of a pass, or that the folder could not be read.
    public func finishPass(over folder: Int64, _ state: FolderState, place: FilePlace?) throws {
        try write { database in
            try database.execute(
                sql: """
                    UPDATE folders SET state = ?, scanned_at = ?, device = coalesce(?, device),
                        inode = coalesce(?, inode) WHERE id = ?
                    """,
                arguments: [state.rawValue, now(), place?.device, place?.inode, folder])
        }
    }

    /// The library in numbers, in time that does not grow with it.
    public func stats() throws -> LibraryStats {
        try read { database in
            var stats = LibraryStats()
            for folder in try Self.folders(database) {
                stats.folders += 1
                if folder.state == .unavailable { stats.unavailableFolders += 1 }
                stats.images.merge(folder.counts, uniquingKeysWith: +)
            }
            for row in try Row.fetchAll(database, sql: "SELECT split, count AS n FROM cluster_counts") {
                let count: Int = row["n"]
                stats.clusters += count
                if row["split"] == Split.heldOut.rawValue { stats.heldOutClusters += count }
            }
            let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            stats.databaseBytes = pages * (try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0)
            return stats
        }
    }

    static var notWatched: LibraryError {
        LibraryError(
            .notWatched, "nothing of this name is in the library", remedy: "refinectl library list shows what is")
    }

    /// Device and inode of a folder that can be read.
    public static func place(of path: BytePath) throws -> FilePlace {
        guard path.isCanonical else {
            throw LibraryError(
                .invalidPath, "the path is not absolute, or has empty, . or .. parts",
                remedy: "give the full path of the folder")
        }
        var status = stat()
        guard path.withCString({ stat($0, &status) }) == 0 else { throw FolderWalk.error(errno) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw FolderWalk.error(ENOTDIR) }
        guard path.withCString({ access($0, R_OK | X_OK) }) == 0 else { throw FolderWalk.error(errno) }
        return FileStamp(status).place
    }

    static func folders(_ database: Database) throws -> [FolderRecord] {
        var counts: [Int64: [ImageState: Int]] = [:]
        for row in try Row.fetchAll(database, sql: "SELECT folder_id, state, count FROM image_counts WHERE count > 0") {
            guard let state = ImageState(rawValue: row["state"]) else { continue }
            counts[row["folder_id"], default: [:]][state] = row["count"]
        }
        return try Row.fetchAll(database, sql: "SELECT * FROM folders ORDER BY path").map { row in
            FolderRecord(
                id: row["id"], path: BytePath(row["path"] as Data), options: decodedOptions(row["options"]),
                state: FolderState(rawValue: row["state"]) ?? .new, scannedAt: row["scanned_at"],
                place: FilePlace(device: row["device"], inode: row["inode"]), counts: counts[row["id"]] ?? [:])
        }
    }

    static func dropEmptyClusters(_ database: Database) throws {
        try database.execute(
            sql: "DELETE FROM clusters WHERE NOT EXISTS (SELECT 1 FROM images WHERE cluster_id = clusters.id)")
    }

    /// Writes the database anew, so that nothing of deleted rows is left in it or in its journal.
    func scrub() throws {
        try Self.refining {
            try pool.writeWithoutTransaction { database in
                try database.execute(sql: "VACUUM")
                _ = try database.checkpoint(.truncate)
            }
        }
    }
}
