import Foundation
import GRDB

extension LibraryStore {
    /// The part of a photo in a run.
    public enum RunRole: String, Sendable {
        case train
        case heldOut = "held-out"
    }

    /// Begins a run. From now on the photos count as seen by it, whether it gets to them or not.
    ///
    /// - Parameters:
    ///   - parent: name of the generation or base that it begins with.
    ///   - seed: of data and noise.
    ///   - photos: hashes of their contents.
    public func beginRun(parent: String, seed: UInt64, photos: [[UInt8]]) throws -> RunRecord {
        let id = try write { database -> Int64 in
            let number = (Int(try Self.value(database, "generation-counter") ?? "") ?? 0) + 1
            try Self.setValue(database, "generation-counter", String(number))
            let details = RunDetails(generation: "personal-\(number)")
            try database.execute(
                sql: """
                    INSERT INTO runs (parent, started_at, state, seed, configuration) VALUES (?, ?, 'open', ?, ?)
                    """, arguments: [parent, now(), Int64(bitPattern: seed), try details.json()])
            let id = database.lastInsertedRowID
            try Self.insert(database, photos, .train, run: id)
            try Self.usePhotos(database, ofRun: id)
            return id
        }
        guard let run = try run(id) else { throw Self.runGone }
        return run
    }

    /// The run that is under way or waits to be judged.
    public func currentRun() throws -> RunRecord? {
        try read { try Self.runs($0, where: "state IN ('open', 'tuned') ORDER BY id DESC LIMIT 1").first }
    }

    public func run(_ id: Int64) throws -> RunRecord? {
        try read { try Self.runs($0, where: "id = ?", [id]).first }
    }

    public func photos(ofRun run: Int64, _ role: RunRole) throws -> [[UInt8]] {
        try read { database in
            try Data.fetchAll(
                database,
                sql: "SELECT content_hash FROM run_photos WHERE run_id = ? AND role = ? ORDER BY content_hash",
                arguments: [run, role.rawValue]
            ).map { Array($0) }
        }
    }

    /// - Throws: `LibraryError` where the run is gone, as after its photos were forgotten.
    public func note(run: Int64, steps: Int, plan: String? = nil) throws {
        try write { database in
            guard var details = try Self.details(database, run) else { throw Self.runGone }
            if let plan { details.plan = plan }
            try database.execute(
                sql: "UPDATE runs SET steps = max(steps, ?), configuration = ? WHERE id = ?",
                arguments: [steps, try details.json(), run])
        }
    }

    /// The run's weights are written and wait to be judged by these photos.
    public func noteTuned(run: Int64, heldOut: [[UInt8]]) throws {
        try write { database in
            guard try Self.details(database, run) != nil else { throw Self.runGone }
            try database.execute(sql: "UPDATE runs SET state = 'tuned' WHERE id = ?", arguments: [run])
            try database.execute(
                sql: "DELETE FROM run_photos WHERE run_id = ? AND role = 'held-out'", arguments: [run])
            try Self.insert(database, heldOut, .heldOut, run: run)
        }
    }

    /// Ends a run whose weights are not used.
    ///
    /// - Parameters:
    ///   - run: its row.
    ///   - state: how it ended.
    ///   - judgement: what was found, also where it was not enough.
    ///   - releasesPhotos: whether its photos are as if it had not been.
    public func endRun(_ run: Int64, _ state: RunState, _ judgement: RunJudgement, releasesPhotos: Bool) throws {
        try write { database in
            try finish(database, run, state, judgement, generation: nil)
            if releasesPhotos { try Self.releasePhotos(database, ofRun: run) }
        }
    }

    /// Judgements that were made, all together: each costs the next ones some certainty.
    public func judgementCount() throws -> Int {
        try read { Int(try Self.value($0, "judgement-counter") ?? "") ?? 0 }
    }

    /// Runs that have ended, newest first.
    public func runHistory(limit: Int) throws -> [RunHistory] {
        try read { database in
            try Self.runs(
                database, where: "state NOT IN ('open', 'tuned') ORDER BY id DESC LIMIT ?", [limit]
            ).map { run in
                RunHistory(
                    run: run, judgement: try Self.judgement(database, run.id) ?? RunJudgement(verdict: "failed"),
                    photos: try Self.photoCount(database, run.id))
            }
        }
    }

    // MARK: Rows

    /// What a run's row has besides its columns.
    struct RunDetails: Codable {
        var generation: String
        var plan: String?

        func json() throws -> String { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) }
    }

    private static func details(_ database: Database, _ run: Int64) throws -> RunDetails? {
        try String.fetchOne(database, sql: "SELECT configuration FROM runs WHERE id = ?", arguments: [run]).flatMap {
            try? JSONDecoder().decode(RunDetails.self, from: Data($0.utf8))
        }
    }

    private static func insert(_ database: Database, _ photos: [[UInt8]], _ role: RunRole, run: Int64) throws {
        for hash in photos {
            try database.execute(
                sql: "INSERT OR IGNORE INTO run_photos VALUES (?, ?, ?)", arguments: [run, Data(hash), role.rawValue])
        }
    }

    func finish(
        _ database: Database, _ run: Int64, _ state: RunState, _ judgement: RunJudgement, generation: String?
    ) throws {
        guard try Self.details(database, run) != nil else { throw Self.runGone }
        try database.execute(
            sql: "UPDATE runs SET state = ?, ended_at = ? WHERE id = ?",
            arguments: [state.rawValue, now(), run])
        try database.execute(
            sql: """
                INSERT INTO judgements (run_id, generation_id, judged_at, verdict, gain, lower_bound, canary_gain,
                    photos, level) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                run, generation, now(), judgement.verdict, judgement.gain,
                max(judgement.lowerBound, -1e9), judgement.canaryGain, judgement.photos, judgement.level,
            ])
        guard judgement.level > 0 else { return }
        let count = (Int(try Self.value(database, "judgement-counter") ?? "") ?? 0) + 1
        try Self.setValue(database, "judgement-counter", String(count))
    }

    static func runs(
        _ database: Database, where condition: String, _ arguments: StatementArguments = []
    ) throws -> [RunRecord] {
        try Row.fetchAll(database, sql: "SELECT * FROM runs WHERE \(condition)", arguments: arguments).map { row in
            let details = try? JSONDecoder().decode(RunDetails.self, from: Data((row["configuration"] as String).utf8))
            return RunRecord(
                id: row["id"], parent: row["parent"], generation: details?.generation ?? "",
                state: RunState(rawValue: row["state"]) ?? .failed, seed: UInt64(bitPattern: row["seed"] as Int64),
                steps: row["steps"], startedAt: row["started_at"], endedAt: row["ended_at"],
                plan: details?.plan ?? "")
        }
    }

    static func judgement(_ database: Database, _ run: Int64) throws -> RunJudgement? {
        try Row.fetchOne(
            database, sql: "SELECT * FROM judgements WHERE run_id = ? ORDER BY id DESC LIMIT 1", arguments: [run]
        ).map { row in
            RunJudgement(
                verdict: row["verdict"], gain: row["gain"], lowerBound: row["lower_bound"],
                canaryGain: row["canary_gain"], photos: row["photos"], level: row["level"])
        }
    }

    static func photoCount(_ database: Database, _ run: Int64) throws -> Int {
        try Int.fetchOne(
            database, sql: "SELECT count(*) FROM run_photos WHERE run_id = ? AND role = 'train'", arguments: [run]) ?? 0
    }

    static var runGone: LibraryError {
        LibraryError(.notWatched, "the run is gone", remedy: "start tuning anew")
    }

    // MARK: Values

    static func value(_ database: Database, _ name: String) throws -> String? {
        try String.fetchOne(database, sql: "SELECT value FROM settings WHERE name = ?", arguments: [name])
    }

    /// - Parameter value: nil to remove it.
    static func setValue(_ database: Database, _ name: String, _ value: String?) throws {
        guard let value else {
            return try database.execute(sql: "DELETE FROM settings WHERE name = ?", arguments: [name])
        }
        try database.execute(sql: "INSERT OR REPLACE INTO settings VALUES (?, ?)", arguments: [name, value])
    }
}
