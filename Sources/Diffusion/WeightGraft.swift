import Layers
import TensorCore

/// Puts the weights of one network into another that has more layers, or other ones.
///
/// Every weight of the same name and shape is copied; the rest of the target stays as it was. Blocks that are new in
/// the target start by adding nothing, so a grown network computes what the old one did:
/// ```swift
/// let student = ParameterSet(seed: 1)
/// let unet = try UNet2DConditionModel(.textStudent(codec: codec), parameters: student)
/// let graft = WeightGraft(of: shippedWeights, onto: student)
/// ```
public struct WeightGraft: Sendable, Equatable {
    /// What was copied.
    public let copied: [String]
    /// Weights of the target that kept their start: the source lacks them.
    public let fresh: [String]
    /// Weights that both have, in different shapes, which were left alone.
    public let misshapen: [String]
    /// Weights of the source that the target lacks.
    public let unused: [String]

    /// Copies into the target's storage. All names are in order.
    public init(of source: [String: Tensor], onto target: ParameterSet) {
        var copied: [String] = [], fresh: [String] = [], misshapen: [String] = []
        for (name, variable) in target.all {
            guard let tensor = source[name] else {
                fresh.append(name)
                continue
            }
            guard tensor.shape == variable.shape else {
                misshapen.append(name)
                continue
            }
            variable.value.copyInPlace(from: tensor)
            copied.append(name)
        }
        self.copied = copied.sorted()
        self.fresh = fresh.sorted()
        self.misshapen = misshapen.sorted()
        let names = Set(target.all.map(\.name))
        unused = source.keys.filter { !names.contains($0) }.sorted()
    }
}
