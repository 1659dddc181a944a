/// Why the library could not do what was asked: a code, what is wrong, and the remedy. Never a path.
public struct LibraryError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case invalidPath = "invalid-path"
        case folderMissing = "folder-missing"
        case notAFolder = "not-a-folder"
        case unreadable
        case alreadyWatched = "already-watched"
        case overlapping
        case notWatched = "not-watched"
        case invalidPattern = "invalid-pattern"
        case newerDatabase = "newer-database"
        case diskFull = "disk-full"
        case databaseFailed = "database-failed"
        case inUse = "in-use"
    }

    public let code: Code
    public let problem: String
    public let remedy: String

    public init(_ code: Code, _ problem: String, remedy: String) {
        self.code = code
        self.problem = problem
        self.remedy = remedy
    }

    public var description: String { "\(problem); \(remedy)" }
}
