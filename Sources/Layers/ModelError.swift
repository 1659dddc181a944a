/// A model folder or weight file that cannot be used: which file, what is wrong with it, and what to do.
public struct ModelError: Error, CustomStringConvertible, Sendable {
    public enum Code: String, Sendable {
        case missingFile = "missing-file"
        case unreadableFile = "unreadable-file"
        case damagedFile = "damaged-file"
        case badConfiguration = "bad-configuration"
        case unsupportedModel = "unsupported-model"
        case missingWeight = "missing-weight"
        case unknownWeight = "unknown-weight"
        case wrongShape = "wrong-shape"
        case notFinite = "not-finite"
        case cannotWrite = "cannot-write"
    }

    public let code: Code
    /// The file or folder.
    public let place: String
    public let problem: String
    private let ownRemedy: String?

    /// - Parameters:
    ///   - code: what kind of error it is.
    ///   - place: the file or folder.
    ///   - problem: what is wrong with it.
    ///   - remedy: what the user can do about it, where it is no model that is wrong.
    public init(_ code: Code, at place: String, _ problem: String, remedy: String? = nil) {
        self.code = code
        self.place = place
        self.problem = problem
        ownRemedy = remedy
    }

    /// What the user can do about it.
    public var remedy: String { ownRemedy ?? usualRemedy }

    private var usualRemedy: String {
        switch code {
        case .missingFile: "check the path, or install the model again"
        case .unreadableFile: "check the permissions of the file"
        case .damagedFile, .missingWeight, .unknownWeight, .wrongShape, .notFinite:
            "install the model again, or choose another model folder"
        case .badConfiguration: "correct the file, or install the model again"
        case .unsupportedModel: "choose a model of a supported kind"
        case .cannotWrite: "check permissions and free space"
        }
    }

    public var description: String { "\(place): \(problem); \(remedy)" }
}
