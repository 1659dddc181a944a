import Foundation
import GRDB

/// Takes what the reader found out about new images into the library: contents that moved, near-duplicates, splits.
///
/// It holds the perceptual hashes of the whole library, 16 MB for 100,000 images, so it is made for a batch of work and
/// let go of. Not Sendable.
public final class ImageIntake {
    private let store: LibraryStore
    private var index = NearDuplicates()
    /// Numbers are not used again while the index may know them.
    private var nextCluster: Int64 = 1

    /// One cluster in five is held out from training.
    private static let heldOutShare: Int64 = 5

    public init(_ store: LibraryStore) throws {
        self.store = store
        try store.read { database in
            let rows = try Row.fetchCursor(
                database, sql: "SELECT perceptual_hash, cluster_id FROM images WHERE cluster_id IS NOT NULL")
            while let row = try rows.next() {
                index.insert(UInt64(bitPattern: row[0] as Int64), cluster: row[1])
            }
            nextCluster = (try Int64.fetchOne(database, sql: "SELECT max(id) FROM clusters") ?? 0) + 1
        }
    }

    /// Notes that an image was read.
    ///
    /// - Parameters:
    ///   - image: as ``LibraryStore/waiting(limit:)`` gave it; ignored where it has changed or gone since.
    ///   - facts: what was read.
    public func accept(_ image: ImageRecord, _ facts: ImageFacts) throws { try accept([(image, facts)]) }

    /// The same for several images, in one transaction.
    public func accept(_ images: [(ImageRecord, ImageFacts)]) throws {
        try store.write { database in
            for (image, facts) in images { try accept(database, image, facts) }
        }
    }

    private func accept(_ database: Database, _ image: ImageRecord, _ facts: ImageFacts) throws {
        guard try LibraryStore.isCurrent(database, image) else { return }
        let isForgotten = try Bool.fetchOne(
            database, sql: "SELECT EXISTS (SELECT 1 FROM forgotten WHERE content_hash = ?)",
            arguments: [Data(facts.contentHash)])
        // A copy of a forgotten photo, or the photo itself after it was touched.
        if isForgotten == true { return try LibraryStore.drop(database, image, facts.contentHash) }
        let options = try String.fetchOne(
            database, sql: "SELECT options FROM folders WHERE id = ?", arguments: [image.folderID])
        let isTooSmall =
            min(facts.width, facts.height) < LibraryStore.decodedOptions(options ?? "").minimumSide
        let moved = try Row.fetchOne(
            database,
            sql: "SELECT id, cluster_id, times_used FROM images WHERE state = 'missing' AND content_hash = ?",
            arguments: [Data(facts.contentHash)])
        var cluster: Int64? = moved?["cluster_id"]
        if let moved {
            try database.execute(sql: "DELETE FROM images WHERE id = ?", arguments: [moved["id"] as Int64])
        }
        if !isTooSmall && cluster == nil { cluster = try self.cluster(database, facts) }
        try database.execute(
            sql: """
                UPDATE images SET state = ?, content_hash = ?, perceptual_hash = ?, width = ?, height = ?,
                    cluster_id = ?, last_error = ?, times_used = ? WHERE id = ?
                """,
            arguments: [
                (isTooSmall ? ImageState.skipped : .ready).rawValue, Data(facts.contentHash),
                Int64(bitPattern: facts.perceptualHash), facts.width, facts.height, isTooSmall ? nil : cluster,
                isTooSmall ? "too-small" : nil, (moved?["times_used"] as Int?) ?? image.timesUsed, image.id,
            ])
    }

    /// Notes that an image cannot be read, so that it is not tried again until it changes.
    ///
    /// - Parameters:
    ///   - image: as for ``accept(_:_:)``.
    ///   - reason: a code.
    public func quarantine(_ image: ImageRecord, _ reason: String) throws {
        try store.write { database in
            guard try LibraryStore.isCurrent(database, image) else { return }
            try database.execute(
                sql: "UPDATE images SET state = 'quarantined', last_error = ?, cluster_id = NULL WHERE id = ?",
                arguments: [reason, image.id])
        }
    }

    /// The cluster of a new image: the one of its near-duplicates, which become one where they were several, or a new
    /// one.
    private func cluster(_ database: Database, _ facts: ImageFacts) throws -> Int64 {
        // Clusters can have gone with a folder since the index was made.
        let near = try index.clusters(near: facts.perceptualHash).filter {
            try Int.fetchOne(database, sql: "SELECT 1 FROM clusters WHERE id = ?", arguments: [$0]) != nil
        }
        let cluster: Int64
        if let first = near.first {
            cluster = first
            for other in near.dropFirst() {
                // What was trained on must never be held out, so 'train' wins.
                try database.execute(
                    sql: """
                        UPDATE clusters SET split = 'train'
                            WHERE id = ? AND EXISTS (SELECT 1 FROM clusters WHERE id = ? AND split = 'train')
                        """, arguments: [first, other])
                try database.execute(
                    sql: "UPDATE images SET cluster_id = ? WHERE cluster_id = ?", arguments: [first, other])
                try database.execute(sql: "DELETE FROM clusters WHERE id = ?", arguments: [other])
                index.merge(other, into: first)
            }
        } else {
            // Spread evenly over the order of reading, so that no single album is held out as a whole.
            cluster = nextCluster
            nextCluster += 1
            let split: Split = cluster % Self.heldOutShare == 0 ? .heldOut : .train
            try database.execute(
                sql: "INSERT INTO clusters (id, split) VALUES (?, ?)", arguments: [cluster, split.rawValue])
        }
        index.insert(facts.perceptualHash, cluster: cluster)
        return cluster
    }
}

extension LibraryStore {
    /// Images that have not been read yet, oldest first.
    public func waiting(limit: Int) throws -> [ImageRecord] {
        try images(where: "images.state = 'new' ORDER BY images.id LIMIT ?", [limit])
    }

    /// Forgets the images that are nowhere any more, and clusters without images. At the end of a pass, when all that is new has been read.
    public func dropMissing(in folder: Int64) throws {
        try write { database in
            try database.execute(
                sql: "DELETE FROM images WHERE state = 'missing' AND folder_id = ?", arguments: [folder])
            // Those of images that changed are empty too.
            try Self.dropEmptyClusters(database)
        }
    }

    /// Images of a folder by state, in the order of their paths.
    ///
    /// - Parameters:
    ///   - folder: nil for all folders.
    ///   - state: nil for all states.
    ///   - offset: how many to pass over.
    ///   - limit: how many to give at most.
    public func images(
        in folder: Int64? = nil, state: ImageState? = nil, offset: Int = 0, limit: Int
    ) throws -> [ImageRecord] {
        try images(
            where: """
                (?1 IS NULL OR images.folder_id = ?1) AND (?2 IS NULL OR images.state = ?2)
                ORDER BY folders.path, images.path LIMIT ?3 OFFSET ?4
                """, [folder, state?.rawValue, limit, offset])
    }

    func images(where condition: String, _ arguments: StatementArguments) throws -> [ImageRecord] {
        try read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT images.*, folders.path AS root, clusters.split AS split FROM images
                        JOIN folders ON folders.id = images.folder_id
                        LEFT JOIN clusters ON clusters.id = images.cluster_id WHERE \(condition)
                    """, arguments: arguments
            ).map(Self.image)
        }
    }

    private static func image(_ row: Row) -> ImageRecord {
        let hash: Data? = row["content_hash"]
        let facts = hash.map {
            ImageFacts(
                contentHash: Array($0), perceptualHash: UInt64(bitPattern: row["perceptual_hash"] ?? 0 as Int64),
                width: row["width"] ?? 0, height: row["height"] ?? 0)
        }
        return ImageRecord(
            id: row["id"], folderID: row["folder_id"],
            path: BytePath(row["root"] as Data).appending(BytePath(row["path"] as Data)),
            stamp: FileStamp(
                place: FilePlace(device: row["device"], inode: row["inode"]), size: row["size"],
                modifiedAt: row["modified_at"]),
            state: ImageState(rawValue: row["state"]) ?? .new, facts: facts, cluster: row["cluster_id"],
            split: (row["split"] as String?).flatMap(Split.init), timesUsed: row["times_used"],
            lastError: row["last_error"])
    }

    /// Takes the row of a forgotten content away again.
    static func drop(_ database: Database, _ image: ImageRecord, _ hash: [UInt8]) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO forgotten VALUES (?, ?, ?, ?, ?)",
            arguments: [
                image.stamp.place.device, image.stamp.place.inode, image.stamp.size, image.stamp.modifiedAt, Data(hash),
            ])
        try database.execute(sql: "DELETE FROM images WHERE id = ?", arguments: [image.id])
    }

    /// Whether the row is still about the same content of the same file.
    static func isCurrent(_ database: Database, _ image: ImageRecord) throws -> Bool {
        try Bool.fetchOne(
            database,
            sql: "SELECT size = ? AND modified_at = ? AND state = 'new' FROM images WHERE id = ?",
            arguments: [image.stamp.size, image.stamp.modifiedAt, image.id]) ?? false
    }
}
