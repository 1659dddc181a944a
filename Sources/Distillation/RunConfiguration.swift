import Foundation

/// Everything that decides what a run computes; its folder keeps it as `config.json` and refuses another one.
public struct RunConfiguration: Codable, Sendable, Equatable {
    public enum Method: String, Codable, Sendable {
        case task
        case teacher
        case distillation
        case finetuning
        case regression
    }

    public var method: Method
    public var training: TrainingConfiguration
    /// The model folder that the weights come from; nil for random ones.
    public var start: String?

    /// Of the method `distillation`.
    public var distillation: DistillationConfiguration?
    /// Of the method `finetuning`.
    public var finetuning: SemiSupervisedConfiguration?

    public init(method: Method, training: TrainingConfiguration, start: String? = nil) {
        self.method = method
        self.training = training
        self.start = start
    }

    /// The keys in which two configurations differ, for a message; `a.b` for key b of part a.
    static func differences(_ first: Data, _ second: Data) -> [String] {
        func leaves(_ data: Data) -> [String: String] {
            var result: [String: String] = [:]
            func visit(_ value: Any, _ path: String) {
                guard let object = value as? [String: Any] else { return result[path] = "\(value)" }
                for (key, value) in object { visit(value, path.isEmpty ? key : "\(path).\(key)") }
            }
            if let object = try? JSONSerialization.jsonObject(with: data) { visit(object, "") }
            return result
        }
        let (a, b) = (leaves(first), leaves(second))
        return Set(a.keys).union(b.keys).filter { a[$0] != b[$0] }.sorted()
    }
}
