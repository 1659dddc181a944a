import Foundation
import GRDB

extension LibraryStore {
    /// What was forgotten.
    public struct Forgotten: Sendable, Equatable {
        public var images = 0
        /// Generations that learnt from one of the images, and all that descend from them.
        public var generations: [String] = []
        /// Runs whose checkpoints and states must go.
        public var runs: [Int64] = []
    }

    /// Removes every trace of a photo or of a folder: rows, lineage, and from the list of generations those that saw one
    /// of the photos, with all that descend from them. Their files are the caller's to remove.
    ///
    /// Copies of the same content are forgotten with it. The photo itself stays on the disc. So that it does not come
    /// back with the next pass, its inode and the hash of its content are kept, and nothing else.
    ///
    /// - Parameter path: absolute; a file need not be there any more.
    /// - Throws: `LibraryError` with `notWatched` where the library knows nothing of it.
    public func forget(_ path: BytePath) throws -> Forgotten {
        let forgotten = try write { database -> Forgotten in
            let named = try matching(database, path)
            guard !named.isEmpty else { throw Self.notWatched }
            let hashes = Set(named.compactMap(\.hash))
            var ids = Set(named.map(\.id))
            for hash in hashes {
                ids.formUnion(
                    try Int64.fetchAll(
                        database, sql: "SELECT id FROM images WHERE content_hash = ?", arguments: [hash]))
            }
            var result = Forgotten(images: ids.count)
            result.runs = try runs(database, thatSaw: hashes)
            result.generations = try descendants(database, of: result.runs)
            for id in ids.sorted() {
                try database.execute(
                    sql: """
                        INSERT OR REPLACE INTO forgotten
                            SELECT device, inode, size, modified_at, content_hash FROM images WHERE id = ?
                        """, arguments: [id])
                try database.execute(sql: "DELETE FROM images WHERE id = ?", arguments: [id])
            }
            for hash in hashes {
                try database.execute(sql: "DELETE FROM run_photos WHERE content_hash = ?", arguments: [hash])
            }
            for run in result.runs { try Self.releasePhotos(database, ofRun: run) }
            for generation in result.generations {
                try database.execute(sql: "DELETE FROM generations WHERE id = ?", arguments: [generation])
            }
            for run in result.runs { try database.execute(sql: "DELETE FROM runs WHERE id = ?", arguments: [run]) }
            try Self.fallBack(database)
            try Self.dropEmptyClusters(database)
            try database.execute(
                sql: "INSERT INTO events (at, kind, detail) VALUES (?, 'forgotten', ?)",
                arguments: [now(), "photos: \(result.images), generations: \(result.generations.count)"])
            return result
        }
        try scrub()
        return forgotten
    }

    private func matching(_ database: Database, _ path: BytePath) throws -> [(id: Int64, hash: Data?)] {
        var found: [(Int64, Data?)] = []
        for folder in try Self.folders(database) {
            let rows = try Row.fetchCursor(
                database, sql: "SELECT id, path, content_hash FROM images WHERE folder_id = ?", arguments: [folder.id])
            while let row = try rows.next() {
                if folder.path.appending(BytePath(row[1] as Data)).relative(to: path) != nil {
                    found.append((row[0], row[2]))
                }
            }
        }
        return found
    }

    private func runs(_ database: Database, thatSaw hashes: Set<Data>) throws -> [Int64] {
        var runs: Set<Int64> = []
        for hash in hashes {
            runs.formUnion(
                try Int64.fetchAll(
                    database, sql: "SELECT run_id FROM run_photos WHERE content_hash = ?", arguments: [hash]))
        }
        // A run that started from a generation of such a run has learnt from the photo too.
        let generations = try descendants(database, of: runs.sorted())
        for generation in generations {
            runs.formUnion(
                try Int64.fetchAll(database, sql: "SELECT id FROM runs WHERE parent = ?", arguments: [generation]))
        }
        return runs.sorted()
    }

    /// The generations of some runs and all that descend from them.
    private func descendants(_ database: Database, of runs: [Int64]) throws -> [String] {
        var found: Set<String> = []
        for run in runs {
            found.formUnion(
                try String.fetchAll(
                    database,
                    sql: """
                        WITH RECURSIVE line (id) AS (
                            SELECT id FROM generations WHERE run_id = ?
                            UNION SELECT generations.id FROM generations JOIN line ON generations.parent = line.id)
                        SELECT id FROM line
                        """, arguments: [run]))
        }
        return found.sorted()
    }

    // MARK: Events

    /// Writes into the library's own journal. Never a path.
    public func addEvent(_ kind: String, _ detail: String) throws {
        try write { database in
            try database.execute(
                sql: "INSERT INTO events (at, kind, detail) VALUES (?, ?, ?)", arguments: [now(), kind, detail])
            try database.execute(sql: "DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - 1000")
        }
    }
}
