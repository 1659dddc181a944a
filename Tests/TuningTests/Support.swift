import Diffusion
import Distillation
import Foundation
import Layers
import TensorCore
import WorkerProtocol

/// A folder for a test, with links resolved; it goes with this object.
final class Place: Sendable {
    let path: String

    init() throws {
        let made = FileManager.default.temporaryDirectory.appendingPathComponent("refine-tune-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: made, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        path = made.resolvingSymlinksInPath().path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func folder(_ name: String) throws -> String {
        let folder = "\(path)/\(name)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return folder
    }

    /// Bytes of every file below, by path.
    func files() throws -> [String: Data] {
        var result: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: path) {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: "\(path)/\(name)", isDirectory: &isFolder), !isFolder.boolValue
            else { continue }
            result[name] = try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)"))
        }
        return result
    }
}

/// A small student that says something: the last layer of a new one is zero.
enum SmallBase {
    /// - Parameter noise: of the last layer; the more, the more there is to unlearn.
    static func write(to folder: String, noise: Float = 0.02) throws {
        var shape = NetworkShape.student(codec: CodecConfiguration(), channels: [16, 32])
        shape.codec.residualScale = 0.2
        let network = try InpaintingNetwork(shape, seed: 9, requiresGradient: false)
        var random = SeededRandom(seed: 10)
        for (name, variable) in network.parameters where name == "unet.conv_out.weight" {
            variable.value.copyInPlace(from: random.normalTensor(variable.shape) * noise)
        }
        var index = ModelIndex(name: "small", generation: "base-t", defaultSteps: 1)
        index.defaultGuidance = 2
        try network.write(to: folder, index: index, as: .float16)
    }
}

/// Stripes that no two pictures share.
func stripedPhoto(_ seed: Int, width: Int = 96, height: Int = 80) throws -> PhotoSample {
    let pixels = try SharedBuffer(count: 3 * width * height) { bytes in
        for y in 0..<height {
            for x in 0..<width {
                let value = sin(Double(x * (seed % 5 + 2) + y * (seed % 3 + 1)) / 6 + Double(seed))
                for channel in 0..<3 {
                    bytes[(y * width + x) * 3 + channel] = UInt8(128 + 90 * value - Double(10 * channel))
                }
            }
        }
    }
    return PhotoSample(width: width, height: height, pixels: pixels)
}

extension TuneSize {
    /// A step of these takes a few milliseconds.
    static func small(steps: Int = 6) -> TuneSize {
        TuneSize(steps: steps, batch: 2, cropSize: 32, scenes: 1, checkpointInterval: 2, canaryPictures: 3)
    }
}
