import Foundation
import Layers
import TensorCore

/// What computed a run from one step on. The same plan, CPU and number of threads give the same weights, bit by bit.
public struct RunEngine: Codable, Sendable, Equatable {
    public var fromStep: Int
    /// Identifies the plan of convolution algorithms.
    public var plan: String
    public var machine: ConvolutionPlan.Machine

    /// The engine of this process as it is set now.
    static func current(fromStep step: Int) -> RunEngine {
        RunEngine(fromStep: step, plan: Convolution.plan.id, machine: .current)
    }
}

extension RunFolder {
    /// The engines that computed the run, in the order of their steps (`engine.json`).
    /// - Throws: `ModelError` when the file is damaged.
    public func engines() throws -> [RunEngine] {
        let file = "\(path)/engine.json"
        guard let data = FileManager.default.contents(atPath: file) else { return [] }
        guard let engines = try? JSONDecoder().decode([RunEngine].self, from: data) else {
            throw ModelError(.badConfiguration, at: file, "this is not the list of a run's engines")
        }
        return engines
    }

    /// Keeps what computes the run from a step on. What was to compute later steps in a session that was killed before
    /// their checkpoint is forgotten.
    /// - Throws: `ModelError`.
    func note(_ engine: RunEngine) throws {
        var kept = try engines().filter { $0.fromStep < engine.fromStep }
        if kept.last?.plan != engine.plan || kept.last?.machine != engine.machine { kept.append(engine) }
        try AtomicFile.write(try Self.encoded(kept), to: "\(path)/engine.json")
    }
}
