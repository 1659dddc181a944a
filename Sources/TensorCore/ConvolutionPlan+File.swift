import Foundation

/// Why a plan file is not used. The engine then follows its rule, which is slower at worst.
public struct ConvolutionPlanError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case missing
        case damaged
        /// Made for another CPU, library or number of threads.
        case foreign
        case cannotWrite
    }

    public let code: Code
    public let path: String
    public let problem: String

    public var description: String { "\(path): \(problem)" }
}

extension ConvolutionPlan {
    private struct Contents: Codable {
        struct Choice: Codable {
            var problem: ConvolutionProblem
            var algorithm: ConvolutionAlgorithm
        }
        var format: Int
        var machine: Machine
        var choices: [Choice]
    }

    private static let format = 1
    /// No network has so many shapes; a larger file is none of ours.
    private static let maximumBytes = 4 << 20

    /// Where this machine's plan is kept: `$XDG_CACHE_HOME/refine-control/convolution-plan-N-threads.json`, or under
    /// `~/.cache`. Nil where there is neither.
    public static func defaultPath(
        threads: Int = BLAS.threads, environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> String? {
        let cache =
            environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
            ?? environment["HOME"].flatMap { $0.hasPrefix("/") ? "\($0)/.cache" : nil }
        return cache.map { "\($0)/refine-control/convolution-plan-\(threads)-threads.json" }
    }

    /// Reads a plan that was made for `machine`.
    /// - Throws: `ConvolutionPlanError`.
    public init(reading path: String, for machine: Machine = .current) throws {
        func refused(_ code: ConvolutionPlanError.Code, _ problem: String) -> ConvolutionPlanError {
            ConvolutionPlanError(code: code, path: path, problem: problem)
        }
        guard FileManager.default.fileExists(atPath: path) else { throw refused(.missing, "there is no such file") }
        guard let handle = FileHandle(forReadingAtPath: path),
            let data = try? handle.read(upToCount: Self.maximumBytes + 1), data.count <= Self.maximumBytes
        else { throw refused(.damaged, "the file cannot be read, or is too large for a plan") }
        guard let contents = try? JSONDecoder().decode(Contents.self, from: data) else {
            throw refused(.damaged, "the file is no convolution plan; remove it, and a new one will be made")
        }
        guard contents.format == Self.format, contents.machine == machine else {
            throw refused(.foreign, "the plan was made for another CPU, library or number of threads")
        }
        var choices: [ConvolutionProblem: ConvolutionAlgorithm] = [:]
        for choice in contents.choices {
            guard choice.problem.isSound, choice.algorithm.covers(choice.problem),
                choices.updateValue(choice.algorithm, forKey: choice.problem) == nil
            else { throw refused(.damaged, "a choice of the plan makes no sense") }
        }
        self.init(machine: machine, choices: choices)
    }

    /// Writes the plan for its user alone; a reader sees the old file or the whole new one.
    /// - Throws: `ConvolutionPlanError` with code `cannotWrite`.
    public func write(to path: String) throws {
        let contents = Contents(
            format: Self.format, machine: machine,
            choices: choices.sorted { $0.key.order.lexicographicallyPrecedes($1.key.order) }
                .map { Contents.Choice(problem: $0.key, algorithm: $0.value) })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        let folder = (path as NSString).deletingLastPathComponent, temporary = "\(path).\(getpid())"
        do {
            if !folder.isEmpty {
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            }
            guard
                FileManager.default.createFile(
                    atPath: temporary, contents: try encoder.encode(contents) + [0x0A],
                    attributes: [.posixPermissions: 0o600]), rename(temporary, path) == 0
            else { throw CocoaError(.fileWriteUnknown) }
        } catch {
            unlink(temporary)
            throw ConvolutionPlanError(code: .cannotWrite, path: path, problem: "the plan cannot be written there")
        }
    }
}
