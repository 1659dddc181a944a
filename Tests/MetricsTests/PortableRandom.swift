import Foundation
import Metrics
import TensorCore

/// The numbers of Tests/Peers/portable_random.py: goldens need neither inputs nor weights in the repository.
enum PortableRandom {
    /// `count` values in 0 ..< 1 of the stream `name`.
    static func uniform(_ name: String, _ count: Int) -> [Float] {
        let seed = name.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return (0..<count).map { i in
            var z = seed &+ UInt64(i + 1) &* 0x9E37_79B9_7F4A_7C15
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            z ^= z >> 31
            return Float(z >> 40) * 0x1p-24
        }
    }

    /// An 8x8 grid of colours and noise on top, in multiples of 1/255.
    static func picture(_ name: String, height: Int, width: Int) -> MetricImage {
        let grid = uniform("\(name) grid", 3 * 8 * 8), noise = uniform("\(name) noise", 3 * height * width)
        return MetricImage(
            width: width, height: height,
            values: noise.indices.map { i in
                let (channel, y, x) = (i / (height * width), i / width % height, i % width)
                let smooth = grid[(channel * 8 + y * 8 / height) * 8 + x * 8 / width]
                return (smooth * 192 + noise[i] * 63).rounded(.down) / 255
            })
    }

    /// A random weight that keeps the size of activations.
    static func weight(_ name: String, _ shape: [Int]) -> Tensor {
        let values = uniform(name, shape.reduce(1, *))
        if name.hasSuffix("running_var") { return Tensor(values.map { $0 + 0.5 }, shape: shape) }
        if shape.count > 1 {
            let bound = Float((6 / Double(shape.dropFirst().reduce(1, *))).squareRoot())
            return Tensor(values.map { (2 * $0 - 1) * bound }, shape: shape)
        }
        if name.hasSuffix("weight") { return Tensor(values.map { $0 + 0.5 }, shape: shape) }
        return Tensor(values.map { ($0 - 0.5) * 0.2 }, shape: shape)
    }
}

/// A golden file of this folder.
func golden<T: Decodable>(_ name: String, as type: T.Type = T.self) throws -> T {
    guard let url = Bundle.module.resourceURL?.appendingPathComponent("Goldens/\(name)") else {
        throw CocoaError(.fileNoSuchFile)
    }
    return try JSONDecoder().decode(type, from: Data(contentsOf: url))
}
