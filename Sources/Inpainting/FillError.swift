/// Why a photo could not be filled. Names the argument at fault and the remedy; never holds photo content or paths.
public struct FillError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable {
        /// A buffer or the mask does not have the size it says or must have.
        case sizeMismatch
        /// The mask marks nothing to fill.
        case emptyMask
        /// The mask leaves no pixel to fill from.
        case nothingKnown
        /// An option is out of its range.
        case invalidOption
        /// The task was asked for its result before it was done.
        case notFinished
        /// The model gave something that is no picture.
        case modelFailed
    }

    public let code: Code
    /// `image`, `mask`, `steps`, `feather`, `dilate`, `prompt`, `guidance` or `model`.
    public let argument: String
    /// What is wrong, in plain words.
    public let problem: String
    /// What to do about it.
    public let remedy: String

    public init(_ code: Code, argument: String, problem: String, remedy: String) {
        self.code = code
        self.argument = argument
        self.problem = problem
        self.remedy = remedy
    }

    public var description: String { "\(argument): \(problem); \(remedy)" }
}
