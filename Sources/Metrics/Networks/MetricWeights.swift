import Foundation
import Layers

/// A network that some metric needs, and the file of its weights.
public enum MetricNetwork: String, CaseIterable, Sendable {
    case lpipsAlex = "lpips-alex"
    case lpipsVGG = "lpips-vgg"
    case inception = "fid-inception"
    case clip = "cmmd-clip"

    /// In the folder of weights.
    public var fileName: String { rawValue + ".safetensors" }
}

/// A weights folder that cannot be used: what, and what to do.
public struct MetricWeightsError: Error, CustomStringConvertible, Sendable {
    /// The file or folder.
    public let place: String
    public let problem: String
    public let remedy: String

    public var description: String { "\(place): \(problem); \(remedy)" }

    static let convertAgain = "convert the published weights again with scripts/convert-metric-weights"
}

/// The folder of networks' weights, converted from their published files by scripts/convert-metric-weights. Each network
/// is loaded when it is first asked for; one whose file is not there is nil, and its metric is not measured.
public final class MetricWeights {
    /// Where the files are looked for; nil when there is no such folder.
    public let folder: String?
    private let clipConfiguration: CLIPVisionConfiguration
    private var perceptual: [MetricNetwork: PerceptualSimilarity] = [:]
    private var inceptionNetwork: InceptionV3?
    private var clipTower: CLIPVisionTower?

    /// `$XDG_DATA_HOME/refine-control/metrics`, by default below `~/.local/share`.
    public static func defaultFolder(environment: [String: String] = ProcessInfo.processInfo.environment) -> String {
        // The specification: a path that is not absolute does not count.
        let data = environment["XDG_DATA_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return (data ?? "\(environment["HOME"] ?? NSHomeDirectory())/.local/share") + "/refine-control/metrics"
    }

    /// No network at all.
    public init() {
        folder = nil
        clipConfiguration = .vitLarge336
    }

    /// - Parameters:
    ///   - folder: with any of the files of ``MetricNetwork``, and no other safetensors.
    ///   - isRequired: whether a missing folder is an error, as one is that the user named.
    ///   - clip: the tower's shape, for tests.
    /// - Throws: `MetricWeightsError` when the folder is missing or holds a weights file that belongs to no metric.
    public init(folder: String, isRequired: Bool, clip: CLIPVisionConfiguration = .vitLarge336) throws {
        clipConfiguration = clip
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isDirectory), isDirectory.boolValue else {
            guard !isRequired else {
                throw MetricWeightsError(
                    place: folder, problem: "there is no such folder of weights", remedy: "check the path")
            }
            self.folder = nil
            return
        }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw MetricWeightsError(
                place: folder, problem: "the folder cannot be read", remedy: "check its permissions")
        }
        let known = MetricNetwork.allCases.map(\.fileName)
        let foreign = names.sorted().first { $0.hasSuffix(".safetensors") && !known.contains($0) }
        if let foreign {
            throw MetricWeightsError(
                place: "\(folder)/\(foreign)", problem: "no metric has weights of this name",
                remedy: "name it as one of \(known.joined(separator: ", ")), or move it away")
        }
        self.folder = folder
    }

    /// Whether the network's file is there.
    public func has(_ network: MetricNetwork) -> Bool { path(network) != nil }

    private func path(_ network: MetricNetwork) -> String? {
        guard let folder else { return nil }
        let path = "\(folder)/\(network.fileName)"
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }

    private func load<T>(_ network: MetricNetwork, _ make: (ParameterSet) throws -> T) throws -> T? {
        guard let path = path(network) else { return nil }
        do {
            let tensors = try Safetensors.read(path).tensors
            return try make(ParameterSet(loaded: tensors, origin: path, requiresGradient: false))
        } catch let error as ModelError {
            throw MetricWeightsError(
                place: error.place, problem: error.problem, remedy: MetricWeightsError.convertAgain)
        }
    }

    /// LPIPS with AlexNet's or VGG16's features.
    /// - Throws: `MetricWeightsError` when the file is damaged or holds another network.
    func similarity(_ network: MetricNetwork) throws -> PerceptualSimilarity? {
        if let loaded = perceptual[network] { return loaded }
        perceptual[network] = try load(network) { parameters in
            network == .lpipsVGG ? try PerceptualSimilarity.vgg(parameters) : try PerceptualSimilarity.alex(parameters)
        }
        return perceptual[network]
    }

    /// The features of FID.
    /// - Throws: `MetricWeightsError`, as above.
    func inception() throws -> InceptionV3? {
        if inceptionNetwork == nil { inceptionNetwork = try load(.inception) { try InceptionV3($0) } }
        return inceptionNetwork
    }

    /// The embeddings of CMMD.
    /// - Throws: `MetricWeightsError`, as above.
    func clip() throws -> CLIPVisionTower? {
        if clipTower == nil {
            clipTower = try load(.clip) { try CLIPVisionTower($0, configuration: clipConfiguration) }
        }
        return clipTower
    }
}
