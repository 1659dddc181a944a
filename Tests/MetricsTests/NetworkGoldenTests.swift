import Foundation
import Layers
import Metrics
import TensorCore
import Testing

/// Against torch: Tests/Peers/make_network_goldens.py wrote the numbers, from the pictures and weights of
/// `PortableRandom`.
@Suite("LPIPS, Inception, Fréchet distance and CLIP against their reference implementations")
struct NetworkGoldenTests {
    private func parameters(_ shapes: [String: [Int]]) -> ParameterSet {
        let tensors = shapes.reduce(into: [String: Tensor]()) { result, entry in
            let tensor = PortableRandom.weight(entry.key, entry.value)
            // Trained heads are not negative.
            let isHead = entry.key.hasPrefix("lin")
            result[entry.key] = isHead ? Tensor(tensor.values.map(abs), shape: tensor.shape) : tensor
        }
        return ParameterSet(loaded: tensors, origin: "random", requiresGradient: false)
    }

    private func isClose(_ value: Double, _ expected: Double) -> Bool {
        abs(value - expected) <= 1e-3 * max(1, abs(expected))
    }

    private struct Distance: Decodable {
        var height: Int, width: Int, distance: Double
    }

    @Test(arguments: ["alex", "vgg"])
    func perceptualDistance(_ network: String) throws {
        let metric = try PerceptualNames.similarity(network, parameters(PerceptualNames.shapes(network)))
        let entries = try #require(try golden("lpips.json", as: [String: [Distance]].self)[network])
        #expect(entries.count == 2)
        for entry in entries {
            let pictures = ["first", "second"].map {
                PortableRandom.picture($0, height: entry.height, width: entry.width)
            }
            let features = pictures.map(metric.features)
            let distance = metric.distance(features[0], features[1])
            // Both sides work in fp32; a tenth of the agreed 1e-3.
            #expect(abs(distance - entry.distance) < 1e-4, "\(distance), expected \(entry.distance)")
            #expect(metric.distance(features[0], features[0]) == 0)
        }
    }

    private struct Inception: Decodable {
        var divisor: Int, stride: Int, features: [[Float]]
    }

    @Test(arguments: [0, 1])
    func inceptionFeatures(_ index: Int) throws {
        let entry = try golden("inception.json", as: [Inception].self)[index]
        let shapes = try golden("inception-shapes.json", as: [String: [Int]].self)
        let narrow = shapes.mapValues { shape in
            shape.enumerated().map { axis, extent in axis > 1 || extent == 3 ? extent : extent / entry.divisor }
        }
        let network = try InceptionV3(parameters(narrow), widthDivisor: entry.divisor)
        let pictures = [
            PortableRandom.picture("first", height: 96, width: 128),
            PortableRandom.picture("second", height: 299, width: 299),
        ]
        for (picture, expected) in zip(pictures, entry.features) {
            let features = network.features(of: picture)
            #expect(features.count == 2048 / entry.divisor)
            let chosen = stride(from: 0, to: features.count, by: entry.stride).map { features[$0] }
            #expect(chosen.count == expected.count)
            let worst = zip(chosen, expected).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? .infinity
            #expect(worst < 1e-3, "the worst feature is off by \(worst)")
        }
    }

    private struct Frechet: Decodable {
        var samples: [Int], width: Int, distance: Double
    }

    @Test(arguments: [0, 1, 2])
    func frechetDistance(_ index: Int) throws {
        let entry = try golden("frechet.json", as: [Frechet].self)[index]
        let sets = entry.samples.enumerated().map { set, count in
            let values = PortableRandom.uniform("features \(set) \(count)", count * entry.width)
            return (0..<count).map { row in
                values[(row * entry.width)..<((row + 1) * entry.width)].map { $0 * Float(1 + set) }
            }
        }
        let distance = try #require(FrechetDistance.between(sets[0], sets[1]))
        #expect(isClose(distance, entry.distance), "\(distance), expected \(entry.distance)")
        let itself = try #require(FrechetDistance.between(sets[0], sets[0]))
        #expect(abs(itself) < 1e-6)
    }

    private struct Clip: Decodable {
        struct Picture: Decodable {
            var name: String, height: Int, width: Int
            init(from decoder: any Decoder) throws {
                var list = try decoder.unkeyedContainer()
                name = try list.decode(String.self)
                height = try list.decode(Int.self)
                width = try list.decode(Int.self)
            }
        }
        var pictures: [Picture]
        var embeddings: [[Float]]
        var cmmd: Double
    }

    static let tinyCLIP = CLIPVisionConfiguration(
        imageSize: 28, patchSize: 14, hiddenSize: 32, intermediateSize: 64, hiddenLayers: 2, attentionHeads: 4,
        projectionSize: 12)

    @Test func clipEmbeddingsAndTheirDiscrepancy() throws {
        let entry: Clip = try golden("clip.json")
        let shapes = try CLIPVisionTower.shapes(Self.tinyCLIP)
        let tower = try CLIPVisionTower(parameters(shapes), configuration: Self.tinyCLIP)
        let embeddings = entry.pictures.map {
            tower.embedding(of: PortableRandom.picture($0.name, height: $0.height, width: $0.width))
        }
        for (embedding, expected) in zip(embeddings, entry.embeddings) {
            let worst = zip(embedding, expected).map { abs($0 - $1) }.max() ?? .infinity
            #expect(worst < 1e-3, "the worst number is off by \(worst)")
        }
        let distance = MaximumMeanDiscrepancy.between(
            Array(entry.embeddings.prefix(2)), Array(entry.embeddings.dropFirst(2)))
        #expect(isClose(distance, entry.cmmd), "\(distance), expected \(entry.cmmd)")
        #expect(abs(MaximumMeanDiscrepancy.between(entry.embeddings, entry.embeddings)) < 1e-9)
    }

    /// The published tower's names and shapes, with narrow widths in place of its own: 300 million numbers less.
    @Test func theFullTowerAsksForThePublishedNames() throws {
        var narrow = CLIPVisionConfiguration.vitLarge336
        (narrow.hiddenSize, narrow.intermediateSize, narrow.projectionSize) = (16, 32, 8)
        let widths = [1024: 16, 4096: 32, 768: 8]
        let published = try golden("clip-shapes.json", as: [String: [Int]].self)
        #expect(published.count == 392)
        #expect(try CLIPVisionTower.shapes(narrow) == published.mapValues { $0.map { widths[$0] ?? $0 } })
    }
}

extension CLIPVisionTower {
    /// What a tower asks for, by name.
    static func shapes(_ configuration: CLIPVisionConfiguration) throws -> [String: [Int]] {
        let set = ParameterSet(seed: 0)
        _ = try CLIPVisionTower(set, configuration: configuration)
        return set.tensors.mapValues(\.shape)
    }
}

/// Both kinds of LPIPS by their names.
enum PerceptualNames {
    static func similarity(_ network: String, _ parameters: ParameterSet) throws -> PerceptualSimilarity {
        network == "vgg" ? try .vgg(parameters) : try .alex(parameters)
    }

    /// torchvision's and the reference implementation's names, written out: what a converted file must hold.
    static func shapes(_ network: String) -> [String: [Int]] {
        var shapes: [String: [Int]] = [:]
        func add(_ layer: Int, _ shape: [Int]) {
            shapes["features.\(layer).weight"] = shape
            shapes["features.\(layer).bias"] = [shape[0]]
        }
        let heads: [Int]
        if network == "vgg" {
            heads = [64, 128, 256, 512, 512]
            let layers = [
                (0, 3, 64), (2, 64, 64), (5, 64, 128), (7, 128, 128), (10, 128, 256), (12, 256, 256), (14, 256, 256),
                (17, 256, 512), (19, 512, 512), (21, 512, 512), (24, 512, 512), (26, 512, 512), (28, 512, 512),
            ]
            for (layer, input, output) in layers { add(layer, [output, input, 3, 3]) }
        } else {
            heads = [64, 192, 384, 256, 256]
            add(0, [64, 3, 11, 11])
            add(3, [192, 64, 5, 5])
            add(6, [384, 192, 3, 3])
            add(8, [256, 384, 3, 3])
            add(10, [256, 256, 3, 3])
        }
        for (depth, channels) in heads.enumerated() { shapes["lin\(depth).model.1.weight"] = [1, channels, 1, 1] }
        return shapes
    }
}
