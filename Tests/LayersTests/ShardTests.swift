import Foundation
import Layers
import TensorCore
import Testing

@Suite("Safetensors: weights in one file or in several")
struct ShardTests {
    private static let name = "diffusion_pytorch_model"
    private static var weights: [String: Tensor] {
        [
            "a": Tensor([1, 2, 3], shape: [3]), "b": Tensor([4, 5, 6, 7], shape: [2, 2]), "c": Tensor([8], shape: [1]),
            "d": Tensor([9, 10, 11, 12, 13, 14], shape: [6]),
        ]
    }

    private func values(_ tensors: [String: Tensor]) -> [String: [Float]] { tensors.mapValues(\.values) }

    @Test("what is written in several files is read again, and no file takes more than was asked for")
    func roundTrip() throws {
        let folder = try TemporaryFolder()
        try Safetensors.writeWeights(Self.weights, Self.name, in: folder.path, as: .float16, shardBytes: 14)
        #expect(
            folder.names == [
                "\(Self.name)-00001-of-00002.safetensors", "\(Self.name)-00002-of-00002.safetensors",
                "\(Self.name).safetensors.index.json",
            ])
        let first = try Safetensors.read("\(folder.path)/\(Self.name)-00001-of-00002.safetensors").tensors
        #expect(Set(first.keys) == ["a", "b"])
        let (tensors, origin) = try Safetensors.readWeights(Self.name, in: folder.path)
        #expect(values(tensors) == values(Self.weights))
        #expect(origin.hasSuffix("\(Self.name).safetensors.index.json"))
    }

    @Test("one kind replaces the other, and files of other names stay")
    func replacement() throws {
        let folder = try TemporaryFolder()
        _ = try folder.file(Data("{}".utf8), "config.json")
        for shardBytes in [nil, 8, nil, 24, 8] as [Int?] {
            try Safetensors.writeWeights(Self.weights, Self.name, in: folder.path, as: .float16, shardBytes: shardBytes)
            #expect(try values(Safetensors.readWeights(Self.name, in: folder.path).tensors) == values(Self.weights))
            let count = shardBytes == nil ? 1 : shardBytes == 24 ? 3 : 5
            #expect(folder.names.filter { $0 != "config.json" }.count == count)
            #expect(folder.names.contains("config.json"))
        }
    }

    @Test("variants are read in their order, in diffusers' names")
    func variants() throws {
        let folder = try TemporaryFolder()
        try Safetensors.write(["a": Tensor([1], shape: [1])], to: "\(folder.path)/vae.fp16.safetensors")
        func read() throws -> [Float] {
            try Safetensors.readWeights("vae", in: folder.path, variants: ["", "fp16"]).tensors["a"]?.values ?? []
        }
        #expect(try read() == [1])
        try Safetensors.write(["a": Tensor([2], shape: [1])], to: "\(folder.path)/vae.fp16-00001-of-00001.safetensors")
        _ = try folder.file(
            Data(#"{"metadata": {"total_size": 4}, "weight_map": {"a": "vae.fp16-00001-of-00001.safetensors"}}"#.utf8),
            "vae.safetensors.index.fp16.json")
        #expect(try read() == [2])
        try Safetensors.write(["a": Tensor([3], shape: [1])], to: "\(folder.path)/vae.safetensors")
        #expect(try read() == [3])
    }

    @Test(
        "an index that lies is refused by name",
        arguments: [
            (#"{"weight_map": {"a": "../w-1.safetensors"}}"#, "files that are not beside it"),
            (#"{"weight_map": {"a": "w-1.safetensors", "b": "w-1.safetensors"}}"#, "\"b\" is not in w-1.safetensors"),
            (#"{"weight_map": {"b": "w-1.safetensors"}}"#, "does not say that tensor \"a\""),
            (#"{"weight_map": {"a": "w-2.safetensors"}}"#, "w-2.safetensors: there is no such file"),
            (#"{"weight_map": 3}"#, "not the index"), ("", "not the index"),
        ])
    func damagedIndex(_ index: String, _ problem: String) throws {
        let folder = try TemporaryFolder()
        try Safetensors.write(["a": Tensor([1], shape: [1])], to: "\(folder.path)/w-1.safetensors")
        _ = try folder.file(Data(index.utf8), "w.safetensors.index.json")
        let error = #expect(throws: ModelError.self) { try Safetensors.readWeights("w", in: folder.path) }
        #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
    }

    @Test("a missing file is named as the one that was looked for")
    func missing() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: ModelError.self) { try Safetensors.readWeights("w", in: folder.path) }
        #expect(error?.place == "\(folder.path)/w.safetensors")
    }
}
