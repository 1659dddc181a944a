import Foundation
import GRDB

extension LibraryStore {
    /// What the user has said over the bus and is to last, by name; nil where nothing was said.
    public func setting(_ name: String) throws -> String? {
        try read { try String.fetchOne($0, sql: "SELECT value FROM settings WHERE name = ?", arguments: [name]) }
    }

    /// - Parameters:
    ///   - name: of the setting.
    ///   - value: nil takes the setting away.
    public func set(_ name: String, _ value: String?) throws {
        try write { database in
            guard let value else {
                return try database.execute(sql: "DELETE FROM settings WHERE name = ?", arguments: [name])
            }
            try database.execute(
                sql: "INSERT INTO settings VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
                arguments: [name, value])
        }
    }

    /// Tells, until the result is dropped, when clusters of photos have come, gone or changed sides.
    public func followClusters(_ changed: @escaping @Sendable () -> Void) -> AnyObject {
        DatabaseRegionObservation(tracking: Table("clusters")).start(
            in: pool, onError: { _ in }, onChange: { _ in changed() })
    }

    /// Seconds of tuning on a day.
    ///
    /// - Parameter day: `2026-11-27`.
    public func usedSeconds(on day: String) throws -> Double {
        try read { try Double.fetchOne($0, sql: "SELECT seconds FROM usage WHERE day = ?", arguments: [day]) ?? 0 }
    }

    /// Adds to the seconds of a day; days that are long past are dropped.
    public func addUsedSeconds(_ seconds: Double, on day: String) throws {
        try write { database in
            try database.execute(
                sql: "INSERT INTO usage VALUES (?, ?) ON CONFLICT DO UPDATE SET seconds = seconds + excluded.seconds",
                arguments: [day, seconds])
            try database.execute(
                sql: "DELETE FROM usage WHERE day NOT IN (SELECT day FROM usage ORDER BY day DESC LIMIT 60)")
        }
    }
}
