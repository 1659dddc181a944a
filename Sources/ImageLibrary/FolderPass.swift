import Foundation
import GRDB

/// One pass over a watched folder, or over a part of it: what is new, changed, moved or gone comes into the database.
///
/// A file that is still the same (place, size, time of change) costs no read of the file. One that disappeared stays
/// as `missing` until `dropMissing`, so that its content can be found elsewhere.
public struct FolderPass {
    /// What a pass found.
    public struct Outcome: Sendable, Equatable {
        public var unchanged = 0
        public var new = 0
        public var changed = 0
        public var moved = 0
        public var missing = 0
        public var emptyFiles = 0
        public var unreadableFolders = 0
        /// Folders that were gone through, relative to the watched one.
        public var folders: [BytePath] = []
    }

    private struct Known {
        let id: Int64
        let stamp: FileStamp
        let isMissing: Bool
    }

    private let store: LibraryStore
    private let folder: FolderRecord
    private var known: [BytePath: Known]
    private var outcome = Outcome()
    private var arrived: [(path: BytePath, stamp: FileStamp)] = []
    private var changes: [(id: Int64, stamp: FileStamp)] = []
    private var returned: [Int64] = []

    /// Passes over `start` in `folder`.
    ///
    /// - Parameters:
    ///   - store: where the rows are.
    ///   - folder: a watched one.
    ///   - start: relative to the folder; empty is all of it.
    ///   - isRecursive: whether what lies in folders below `start` is looked at too.
    ///   - isCancelled: asked at every entry.
    /// - Throws: `LibraryError` where the folder cannot be read or is an empty mount point now: nothing is changed
    ///   then. `CancellationError`.
    public static func run(
        _ store: LibraryStore, _ folder: FolderRecord, from start: BytePath = BytePath(""), isRecursive: Bool = true,
        isCancelled: () -> Bool = { false }
    ) throws -> Outcome {
        let place = try LibraryStore.place(of: folder.path)
        var pass = try FolderPass(store, folder, start, isRecursive)
        let hadImages = !pass.known.isEmpty
        let walk = try FolderWalk.run(
            root: folder.path, rules: ExcludeRules(folder.options), from: start, isRecursive: isRecursive,
            isCancelled: isCancelled
        ) { pass.see($0, $1) }
        guard !(hadImages && place != folder.place && walk.files == 0) else {
            throw LibraryError(
                .folderMissing, "the folder is another one than before and empty",
                remedy: "mount its disc, or remove the folder from the library")
        }
        return try pass.finish(walk)
    }

    private init(_ store: LibraryStore, _ folder: FolderRecord, _ start: BytePath, _ isRecursive: Bool) throws {
        self.store = store
        self.folder = folder
        var known: [BytePath: Known] = [:]
        try store.read { database in
            let rows = try Row.fetchCursor(
                database,
                sql: "SELECT id, path, device, inode, size, modified_at, state FROM images WHERE folder_id = ?",
                arguments: [folder.id])
            while let row = try rows.next() {
                let path = try row.withUnsafeData(atIndex: 1) { BytePath($0 ?? Data()) }
                guard let rest = path.relative(to: start) else { continue }
                if !isRecursive, rest.bytes.contains(UInt8(ascii: "/")) { continue }
                known[path] = Known(
                    id: row[0],
                    stamp: FileStamp(place: FilePlace(device: row[2], inode: row[3]), size: row[4], modifiedAt: row[5]),
                    isMissing: row[6] == ImageState.missing.rawValue)
            }
        }
        self.known = known
    }

    private mutating func see(_ path: BytePath, _ stamp: FileStamp) {
        guard let old = known.removeValue(forKey: path) else { return arrived.append((path, stamp)) }
        if old.stamp.size == stamp.size && old.stamp.modifiedAt == stamp.modifiedAt
            && old.stamp.place.inode == stamp.place.inode
        {
            outcome.unchanged += 1
            if old.isMissing { returned.append(old.id) }
        } else {
            outcome.changed += 1
            changes.append((old.id, stamp))
        }
    }

    private mutating func finish(_ walk: FolderWalk.Outcome) throws -> Outcome {
        outcome.emptyFiles = walk.emptyFiles
        outcome.unreadableFolders = walk.unreadable.count
        outcome.folders = walk.folders
        // Of what lies in folders that could not be read nothing is known.
        let gone = known.filter { path, old in
            !old.isMissing && !walk.unreadable.contains { path.relative(to: $0) != nil }
        }
        var byStamp: [FileStamp: Int64] = [:]
        for (_, old) in gone { byStamp[old.stamp] = old.id }
        for (id, stamp) in try store.missingStamps() { byStamp[stamp] = id }
        var moves: [(id: Int64, path: BytePath)] = [], news: [(path: BytePath, stamp: FileStamp)] = []
        let forgotten = try store.forgottenStamps()
        for file in arrived where !forgotten.contains(file.stamp) {
            if let id = byStamp.removeValue(forKey: file.stamp) {
                moves.append((id, file.path))
            } else {
                news.append(file)
            }
        }
        let moved = Set(moves.map(\.id))
        let missing = gone.values.map(\.id).filter { !moved.contains($0) }
        (outcome.new, outcome.moved, outcome.missing) = (news.count, moves.count, missing.count)
        try store.apply(
            to: folder.id, missing: missing, moves: moves, returned: returned, changes: changes, news: news)
        return outcome
    }
}

extension LibraryStore {
    /// Rows of one transaction: readers see the library grow, and a crash loses little.
    private static let batch = 5000

    func missingStamps() throws -> [(Int64, FileStamp)] {
        try read { database in
            try Row.fetchAll(
                database, sql: "SELECT id, device, inode, size, modified_at FROM images WHERE state = 'missing'"
            ).map { row in
                (
                    row[0],
                    FileStamp(place: FilePlace(device: row[1], inode: row[2]), size: row[3], modifiedAt: row[4])
                )
            }
        }
    }

    /// Files that are to be left alone.
    func forgottenStamps() throws -> Set<FileStamp> {
        try read { database in
            Set(
                try Row.fetchAll(database, sql: "SELECT device, inode, size, modified_at FROM forgotten").map { row in
                    FileStamp(place: FilePlace(device: row[0], inode: row[1]), size: row[2], modifiedAt: row[3])
                })
        }
    }

    fileprivate func apply(
        to folder: Int64, missing: [Int64], moves: [(id: Int64, path: BytePath)], returned: [Int64],
        changes: [(id: Int64, stamp: FileStamp)], news: [(path: BytePath, stamp: FileStamp)]
    ) throws {
        try inBatches(missing) { database, id in
            try database.cachedStatement(sql: "UPDATE images SET state = 'missing' WHERE id = ?").execute(
                arguments: [id])
        }
        // What waits under the state 'missing' was read before, or is read again.
        let found =
            "CASE WHEN content_hash IS NULL THEN 'new' WHEN last_error IS NOT NULL THEN 'skipped' ELSE 'ready' END"
        // Two files may have changed names with each other: first out of the way, then to their places.
        try write { database in
            for move in moves {
                try database.cachedStatement(sql: "UPDATE images SET path = CAST('/' || id AS BLOB) WHERE id = ?")
                    .execute(arguments: [move.id])
            }
            for move in moves {
                try database.cachedStatement(
                    sql: """
                        UPDATE OR REPLACE images SET folder_id = ?, path = ?,
                            state = CASE WHEN state = 'missing' THEN \(found) ELSE state END WHERE id = ?
                        """
                ).execute(arguments: [folder, Data(move.path.bytes), move.id])
            }
        }
        try inBatches(returned) { database, id in
            try database.cachedStatement(sql: "UPDATE images SET state = \(found) WHERE id = ?").execute(
                arguments: [id])
        }
        try inBatches(changes) { database, change in
            try database.cachedStatement(
                sql: """
                    UPDATE images SET state = 'new', device = ?, inode = ?, size = ?, modified_at = ?, last_error = NULL,
                        content_hash = NULL, perceptual_hash = NULL, width = NULL, height = NULL, cluster_id = NULL
                    WHERE id = ?
                    """
            ).execute(arguments: [
                change.stamp.place.device, change.stamp.place.inode, change.stamp.size, change.stamp.modifiedAt,
                change.id,
            ])
        }
        try inBatches(news) { database, file in
            try database.cachedStatement(
                sql: """
                    INSERT OR IGNORE INTO images (folder_id, path, device, inode, size, modified_at, state)
                        VALUES (?, ?, ?, ?, ?, ?, 'new')
                    """
            ).execute(arguments: [
                folder, Data(file.path.bytes), file.stamp.place.device, file.stamp.place.inode, file.stamp.size,
                file.stamp.modifiedAt,
            ])
        }
    }

    private func inBatches<Item>(_ items: [Item], _ body: (Database, Item) throws -> Void) throws {
        var start = 0
        while start < items.count {
            let end = min(start + Self.batch, items.count)
            try write { database in
                for item in items[start..<end] { try body(database, item) }
            }
            start = end
        }
    }
}
