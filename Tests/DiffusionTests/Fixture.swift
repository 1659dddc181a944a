import Autograd
import Diffusion
import Foundation
import Layers
import TensorCore
import Testing

/// A U-Net that diffusers made, with what diffusers computes with it; see Tests/Peers/make_unet_fixture.py.
struct Fixture {
    static let names = ["student", "variant", "text", "linear", "labels"]

    let weights: [String: Tensor]
    let expected: [String: Tensor]
    let path: String

    init(_ name: String, weights file: String = "diffusion_pytorch_model.safetensors") throws {
        let fixtures = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures")
        path = fixtures.appendingPathComponent(name).path
        weights = try Safetensors.read("\(path)/\(file)").tensors
        expected = try Safetensors.read("\(path)/expected.safetensors").tensors
    }

    /// The `config.json` that diffusers wrote.
    func decoded<Configuration: Decodable>(_ type: Configuration.Type) throws -> Configuration {
        try JSONDecoder().decode(type, from: Data(contentsOf: URL(fileURLWithPath: "\(path)/config.json")))
    }

    var configuration: UNetConfiguration { get throws { try decoded(UNetConfiguration.self) } }

    func tensor(_ name: String) throws -> Tensor { try #require(expected[name], "\(name) is not in the fixture") }

    /// The states of the text, where the fixture attends to any.
    func text(requiresGradient: Bool = false) -> Variable? {
        expected["encoder_hidden_states"].map { Variable($0, requiresGradient: requiresGradient) }
    }

    /// The vectors that are added to the timestep's embedding, where the fixture has any.
    func labels(requiresGradient: Bool = false) -> Variable? {
        expected["class_labels"].map { Variable($0, requiresGradient: requiresGradient) }
    }

    /// The network with copies of its weights, and the set that they are in.
    func network(requiresGradient: Bool) throws -> (UNet2DConditionModel, ParameterSet) {
        let set = ParameterSet(
            loaded: weights.mapValues { $0.copy() }, origin: path, requiresGradient: requiresGradient)
        return (try UNet2DConditionModel(configuration, parameters: set), set)
    }
}

/// The largest |a - b|; infinite where a number is not one.
func largestDifference(_ a: Tensor, _ b: Tensor) -> Float {
    guard a.shape == b.shape else { return .infinity }
    return zip(a.values, b.values).reduce(0) { worst, pair in
        let distance = abs(pair.0 - pair.1)
        return distance.isNaN ? .infinity : max(worst, distance)
    }
}
