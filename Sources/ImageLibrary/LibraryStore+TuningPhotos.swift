import Foundation
import GRDB

extension LibraryStore {
    /// How many photos there are to tune by, near-duplicates counted once.
    public struct TuningCounts: Sendable, Equatable {
        public var training = 0
        public var heldOut = 0
        /// Of those to learn from, the ones that no run has used; counted up to ``mostUnseen``.
        public var unseen = 0

        public static let mostUnseen = 1000

        public init(training: Int = 0, heldOut: Int = 0, unseen: Int = 0) {
            self.training = training
            self.heldOut = heldOut
            self.unseen = unseen
        }
    }

    /// In time that does not grow with the library.
    public func tuningCounts() throws -> TuningCounts {
        try read { database in
            var counts = TuningCounts()
            for row in try Row.fetchAll(database, sql: "SELECT split, count AS n FROM cluster_counts") {
                if row["split"] == Split.train.rawValue { counts.training = row["n"] }
                if row["split"] == Split.heldOut.rawValue { counts.heldOut = row["n"] }
            }
            counts.unseen =
                try Int.fetchOne(
                    database,
                    sql: """
                        SELECT count(*) FROM (
                            SELECT DISTINCT cluster_id FROM images INDEXED BY images_unused
                                JOIN clusters ON clusters.id = cluster_id AND split = 'train'
                                WHERE times_used = 0 AND state = 'ready' LIMIT ?)
                        """, arguments: [TuningCounts.mostUnseen]) ?? 0
            return counts
        }
    }

    /// Ready photos of one part of the library, one of each cluster: those that were used least come first.
    ///
    /// Photos that are held out come in an order that stays, so that the same ones judge again.
    public func tuningPhotos(_ split: Split, limit: Int) throws -> [ImageRecord] {
        try images(
            where: """
                images.state = 'ready' AND clusters.split = ?1 AND images.id = (
                    SELECT min(id) FROM images AS other
                        WHERE other.cluster_id = images.cluster_id AND other.state = 'ready')
                ORDER BY CASE ?1 WHEN 'train' THEN images.times_used ELSE 0 END, images.id LIMIT ?2
                """, [split.rawValue, limit])
    }

    /// The ready photos with these contents, in their order; those that are gone are left out.
    public func photos(withContent hashes: [[UInt8]]) throws -> [ImageRecord] {
        try hashes.compactMap { hash in
            try images(
                where: "images.content_hash = ? AND images.state = 'ready' ORDER BY images.id LIMIT 1", [Data(hash)]
            ).first
        }
    }

    /// Notes that a run uses the photos and their near-duplicates.
    static func usePhotos(_ database: Database, ofRun run: Int64) throws {
        try changeUse(database, run, "times_used + 1")
    }

    /// Takes that back: what the run learnt is gone.
    static func releasePhotos(_ database: Database, ofRun run: Int64) throws {
        try changeUse(database, run, "max(times_used - 1, 0)")
    }

    private static func changeUse(_ database: Database, _ run: Int64, _ value: String) throws {
        try database.execute(
            sql: """
                UPDATE images SET times_used = \(value) WHERE cluster_id IN (
                    SELECT cluster_id FROM images JOIN run_photos USING (content_hash)
                        WHERE run_id = ? AND role = 'train' AND cluster_id IS NOT NULL)
                """, arguments: [run])
    }
}
