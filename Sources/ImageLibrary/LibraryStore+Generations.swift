import Foundation
import GRDB

extension LibraryStore {
    private static let activeName = "active-generation"

    /// Adopted generations, newest first.
    public func generations() throws -> [GenerationRecord] {
        try read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM generations ORDER BY run_id DESC").map { row in
                let run: RunRecord? =
                    if let id: Int64 = row["run_id"] {
                        try Self.runs(database, where: "id = ?", [id]).first
                    } else { nil }
                return GenerationRecord(
                    id: row["id"], parent: row["parent"],
                    state: GenerationState(rawValue: row["state"]) ?? .damaged, createdAt: row["created_at"],
                    digest: row["digest"], run: run,
                    photos: try run.map { try Self.photoCount(database, $0.id) } ?? 0,
                    judgement: try run.flatMap { try Self.judgement(database, $0.id) })
            }
        }
    }

    /// The generation that is in use; nil for the base.
    public func activeGeneration() throws -> String? { try read { try Self.value($0, Self.activeName) } }

    /// Uses a generation from now on.
    ///
    /// - Parameters:
    ///   - id: nil for the base.
    ///   - withdrawing: what the user does not want any more.
    public func activate(_ id: String?, withdrawing: String? = nil) throws {
        try write { database in
            if let id {
                try database.execute(
                    sql: "UPDATE generations SET state = 'ready' WHERE id = ? AND state = 'withdrawn'", arguments: [id])
            }
            if let withdrawing {
                try database.execute(
                    sql: "UPDATE generations SET state = 'withdrawn' WHERE id = ? AND state = 'ready'",
                    arguments: [withdrawing])
            }
            try Self.setValue(database, Self.activeName, id)
        }
    }

    /// Notes in one go that a run's weights are a generation now, and the one in use. Its files must be in place.
    public func adopt(run: RunRecord, digest: String, _ judgement: RunJudgement) throws {
        try write { database in
            try finish(database, run.id, .adopted, judgement, generation: run.generation)
            try database.execute(
                sql: """
                    INSERT INTO generations (id, parent, run_id, created_at, state, digest)
                        VALUES (?, ?, ?, ?, 'ready', ?)
                    """, arguments: [run.generation, run.parent, run.id, now(), digest])
            try Self.setValue(database, Self.activeName, run.generation)
        }
    }

    /// Notes what is wrong with a generation, or that its files were removed; where it was in use, the newest good one
    /// takes its place.
    public func mark(_ id: String, _ state: GenerationState) throws {
        try write { database in
            try database.execute(
                sql: "UPDATE generations SET state = ? WHERE id = ?", arguments: [state.rawValue, id])
            try Self.fallBack(database)
        }
    }

    /// Forgets all runs and generations: the base is in use, and no photo counts as used. Their files are the caller's
    /// to remove.
    public func resetTuning() throws {
        try write { database in
            try database.execute(sql: "DELETE FROM generations")
            try database.execute(sql: "DELETE FROM runs")
            try database.execute(sql: "UPDATE images SET times_used = 0 WHERE times_used != 0")
            try Self.setValue(database, Self.activeName, nil)
        }
        try scrub()
    }

    /// Notes which base model there is. What runs have learnt is of no use to another one, so no photo counts as used then.
    public func noteBase(_ generation: String) throws {
        guard try read({ try Self.value($0, "base") }) != generation else { return }
        try write { database in
            if try Self.value(database, "base") != nil {
                try database.execute(sql: "UPDATE images SET times_used = 0 WHERE times_used != 0")
            }
            try Self.setValue(database, "base", generation)
        }
    }

    /// Where the generation in use is not good any more, uses the newest good one, or the base.
    static func fallBack(_ database: Database) throws {
        guard let active = try value(database, activeName) else { return }
        let isGood = try Bool.fetchOne(
            database, sql: "SELECT EXISTS (SELECT 1 FROM generations WHERE id = ? AND state = 'ready')",
            arguments: [active])
        guard isGood != true else { return }
        let next = try String.fetchOne(
            database, sql: "SELECT id FROM generations WHERE state = 'ready' ORDER BY run_id DESC LIMIT 1")
        try setValue(database, activeName, next)
    }
}
