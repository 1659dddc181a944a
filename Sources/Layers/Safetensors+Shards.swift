import Foundation
import TensorCore

/// Weights in one file or in several, with the names that diffusers and transformers give them.
///
/// `NAME.safetensors` is one file. Of several, `NAME.safetensors.index.json` says in which each tensor lies
/// (`weight_map`), and where there is such an index it counts, as in diffusers.
extension Safetensors {
    private struct ShardIndex: Codable {
        struct Metadata: Codable {
            /// Bytes of all tensors; a number that older files wrote as a fraction, and that nothing here relies on.
            var total_size: Double?
        }
        var metadata: Metadata?
        var weight_map: [String: String]
    }

    private static func indexName(_ name: String, _ variant: String) -> String {
        "\(name).safetensors.index\(variant.isEmpty ? "" : ".\(variant)").json"
    }

    private static func fileName(_ name: String, _ variant: String) -> String {
        "\(name)\(variant.isEmpty ? "" : ".\(variant)").safetensors"
    }

    /// Reads the weights `name` of a folder.
    /// - Parameters:
    ///   - name: without endings, such as `diffusion_pytorch_model`.
    ///   - folder: of one component, such as `unet`.
    ///   - variants: such as `fp16`; the first that is there counts.
    /// - Returns: the tensors, and the file that stands for them in messages.
    /// - Throws: `ModelError` naming the file and what is wrong with it.
    public static func readWeights(
        _ name: String, in folder: String, variants: [String] = [""]
    ) throws -> (tensors: [String: Tensor], origin: String) {
        func isThere(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
        for variant in variants {
            let index = "\(folder)/\(indexName(name, variant))", file = "\(folder)/\(fileName(name, variant))"
            if isThere(index) { return (try readShards(index, in: folder), index) }
            if isThere(file) { return (try read(file).tensors, file) }
        }
        let file = "\(folder)/\(fileName(name, variants.first ?? ""))"
        return (try read(file).tensors, file)
    }

    private static func readShards(_ path: String, in folder: String) throws -> [String: Tensor] {
        func damaged(_ problem: String) -> ModelError { ModelError(.damagedFile, at: path, problem) }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ModelError(.unreadableFile, at: path, "the file cannot be read")
        }
        guard let index = try? JSONDecoder().decode(ShardIndex.self, from: data) else {
            throw damaged("this is not the index of safetensors files")
        }
        let shards = Set(index.weight_map.values)
        // A file beside the index, not any file of the machine.
        guard shards.allSatisfy({ !$0.contains("/") && $0.hasSuffix(".safetensors") }) else {
            throw damaged("it names files that are not beside it")
        }
        var tensors: [String: Tensor] = [:]
        for shard in shards.sorted() {
            for (name, tensor) in try read("\(folder)/\(shard)").tensors {
                guard index.weight_map[name] == shard else {
                    throw damaged("it does not say that tensor \"\(name)\" lies in \(shard)")
                }
                tensors[name] = tensor
            }
        }
        if let missing = index.weight_map.keys.sorted().first(where: { tensors[$0] == nil }) {
            throw damaged("tensor \"\(missing)\" is not in \(index.weight_map[missing] ?? "")")
        }
        return tensors
    }

    /// Writes weights as one file, or as several of at most `shardBytes` bytes of tensors; one tensor alone may be larger.
    ///
    /// Each file is written atomically, the index last; what an earlier call left under `name` goes afterwards.
    /// - Throws: `ModelError` with code `cannotWrite`.
    public static func writeWeights(
        _ tensors: [String: Tensor], _ name: String, in folder: String, as type: ElementType = .float32,
        metadata: [String: String] = [:], shardBytes: Int? = nil
    ) throws {
        let shards = shards(of: tensors, bytes: shardBytes ?? .max, type)
        var written: Set<String> = []
        if shards.count <= 1 {
            written = [fileName(name, "")]
            try write(tensors, to: "\(folder)/\(fileName(name, ""))", as: type, metadata: metadata)
        } else {
            var map: [String: String] = [:]
            func digits(_ number: Int) -> String {
                String(repeating: "0", count: max(0, 5 - "\(number)".count)) + "\(number)"
            }
            for (i, names) in shards.enumerated() {
                let file = "\(name)-\(digits(i + 1))-of-\(digits(shards.count)).safetensors"
                let part = tensors.filter { names.contains($0.key) }
                try write(part, to: "\(folder)/\(file)", as: type, metadata: metadata)
                for tensor in names { map[tensor] = file }
                written.insert(file)
            }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            let total = tensors.values.reduce(0) { $0 + $1.count * type.byteCount }
            let index = ShardIndex(metadata: .init(total_size: Double(total)), weight_map: map)
            try AtomicFile.write(try encoder.encode(index), to: "\(folder)/\(indexName(name, ""))")
            written.insert(indexName(name, ""))
        }
        for file in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where !written.contains(file) && isPart(file, of: name) {
            try? FileManager.default.removeItem(atPath: "\(folder)/\(file)")
        }
    }

    /// Whether a file is one of those that `writeWeights` makes for `name`.
    private static func isPart(_ file: String, of name: String) -> Bool {
        if file == fileName(name, "") || file == indexName(name, "") { return true }
        guard file.hasPrefix("\(name)-"), file.hasSuffix(".safetensors") else { return false }
        let numbers = file.dropFirst(name.count + 1).dropLast(".safetensors".count).split(separator: "-")
        return numbers.count == 3 && numbers[1] == "of" && Int(numbers[0]) != nil && Int(numbers[2]) != nil
    }

    /// The names of each file, in their order.
    private static func shards(of tensors: [String: Tensor], bytes: Int, _ type: ElementType) -> [Set<String>] {
        var result: [Set<String>] = [], room = 0
        for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
            let size = tensor.count * type.byteCount
            if result.isEmpty || size > room {
                result.append([])
                room = bytes
            }
            result[result.count - 1].insert(name)
            room -= size
        }
        return result
    }
}
