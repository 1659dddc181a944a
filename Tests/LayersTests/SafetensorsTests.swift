import Foundation
import Layers
import TensorCore
import Testing

@Suite("Safetensors")
struct SafetensorsTests {
    /// Files of the reference implementation, safetensors 0.8.0 with torch 2.15.0:
    /// ```python
    /// for dt in (torch.float32, torch.float16, torch.bfloat16):
    ///     d = save({"b": torch.tensor([[1.0, -2.5, 0.1]], dtype=dt),
    ///               "a": torch.tensor([65504.0, 6e-8, float("inf")], dtype=dt)}, {"format": "pt"})
    ///     print(base64.b64encode(d).decode())
    /// ```
    static let golden: [(Safetensors.ElementType, String, a: [Float], b: [Float])] = [
        (
            .float32,
            "kAAAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJhIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlszXSwiZGF0YV9vZm"
                + "ZzZXRzIjpbMCwxMl19LCJiIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsxLDNdLCJkYXRhX29mZnNldHMiOlsxMiwyNF19fSAA4H9HWd"
                + "mAMwAAgH8AAIA/AAAgwM3MzD0=",
            [65504, 6e-8, .infinity], [1, -2.5, 0.1]
        ),
        (
            .float16,
            "kAAAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJhIjp7ImR0eXBlIjoiRjE2Iiwic2hhcGUiOlszXSwiZGF0YV9vZm"
                + "ZzZXRzIjpbMCw2XX0sImIiOnsiZHR5cGUiOiJGMTYiLCJzaGFwZSI6WzEsM10sImRhdGFfb2Zmc2V0cyI6WzYsMTJdfX0gICD/ewEAAH"
                + "wAPADBZi4=",
            [65504, 5.9604645e-08, .infinity], [1, -2.5, 0.099975586]
        ),
        (
            .bfloat16,
            "kAAAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJhIjp7ImR0eXBlIjoiQkYxNiIsInNoYXBlIjpbM10sImRhdGFfb2"
                + "Zmc2V0cyI6WzAsNl19LCJiIjp7ImR0eXBlIjoiQkYxNiIsInNoYXBlIjpbMSwzXSwiZGF0YV9vZmZzZXRzIjpbNiwxMl19fSCAR4EzgH"
                + "+APyDAzT0=",
            [65536, 6.0070306e-08, .infinity], [1, -2.5, 0.100097656]
        ),
    ]

    @Test("read understands the reference implementation's files", arguments: 0..<3)
    func readsGolden(_ i: Int) throws {
        let golden = Self.golden[i], folder = try TemporaryFolder()
        let (tensors, metadata) = try Safetensors.read(try folder.file(try #require(Data(base64Encoded: golden.1))))
        #expect(metadata == ["format": "pt"])
        #expect(tensors.count == 2)
        #expect(tensors["a"]?.shape == [3] && tensors["a"]?.values == golden.a)
        #expect(tensors["b"]?.shape == [1, 3] && tensors["b"]?.values == golden.b)
    }

    @Test("write gives the reference implementation's data, and a header that means the same", arguments: 0..<3)
    func writesGolden(_ i: Int) throws {
        let golden = Self.golden[i], folder = try TemporaryFolder()
        let tensors = [
            "b": Tensor([1, -2.5, 0.1], shape: [1, 3]), "a": Tensor([65504, 6e-8, .infinity], shape: [3]),
        ]
        let path = "\(folder.path)/weights.safetensors"
        try Safetensors.write(tensors, to: path, as: golden.0, metadata: ["format": "pt"])
        let expected = try #require(Data(base64Encoded: golden.1)),
            got = try Data(contentsOf: URL(fileURLWithPath: path))
        let (header, body) = try parts(got), (expectedHeader, expectedBody) = try parts(expected)
        #expect(body == expectedBody)
        #expect((got.count - body.count) % 8 == 0, "the data starts at a multiple of eight bytes")
        #expect(header == expectedHeader)
    }

    /// The header as objects, and the data.
    private func parts(_ file: Data) throws -> (NSDictionary, Data) {
        let length = Int(file[0]) | Int(file[1]) << 8
        let header = try JSONSerialization.jsonObject(with: file[8..<(8 + length)])
        return (try #require(header as? NSDictionary), Data(file[(8 + length)...]))
    }

    @Test("a round trip keeps names, shapes and fp32 bits, also of scalars and empty tensors")
    func roundTrip() throws {
        let folder = try TemporaryFolder(), path = "\(folder.path)/weights.safetensors"
        var random = SeededRandom(seed: 1)
        let tensors = [
            "scalar": Tensor([-0.0], shape: []), "empty": Tensor([], shape: [3, 0]),
            "a.weight": random.normalTensor([5, 3, 1, 1]), "ö \"quoted\" / \\": random.normalTensor([17]),
        ]
        try Safetensors.write(tensors, to: path)
        let (read, metadata) = try Safetensors.read(path)
        #expect(metadata.isEmpty)
        #expect(Set(read.keys) == Set(tensors.keys))
        for (name, tensor) in tensors {
            #expect(read[name]?.shape == tensor.shape)
            #expect(read[name]?.values.map(\.bitPattern) == tensor.values.map(\.bitPattern))
        }
    }

    @Test("the same tensors give the same bytes")
    func deterministic() throws {
        let folder = try TemporaryFolder()
        let tensors = Dictionary(
            uniqueKeysWithValues: (0..<40).map { ("layer.\($0)", Tensor(repeating: Float($0), shape: [2])) })
        let files = try ["a", "b"].map { name in
            try Safetensors.write(tensors, to: "\(folder.path)/\(name)", as: .float16, metadata: ["x": "1", "y": "2"])
            return try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(name)"))
        }
        #expect(files[0] == files[1])
    }

    @Test("integers are read as floats")
    func integers() throws {
        let folder = try TemporaryFolder()
        let entries = [
            #""i":{"dtype":"I64","shape":[2],"data_offsets":[0,16]}"#,
            #""j":{"dtype":"I32","shape":[1],"data_offsets":[16,20]}"#,
            #""k":{"dtype":"U8","shape":[3],"data_offsets":[20,23]}"#,
        ]
        var body = Data()
        for value: Int64 in [7, -8] { withUnsafeBytes(of: value.littleEndian) { body.append(contentsOf: $0) } }
        withUnsafeBytes(of: Int32(-9).littleEndian) { body.append(contentsOf: $0) }
        body.append(contentsOf: [0, 128, 255])
        let (tensors, _) = try Safetensors.read(
            try folder.file(safetensorsFile(header: "{\(entries.joined(separator: ","))}", body: body)))
        #expect(tensors["i"]?.values == [7, -8])
        #expect(tensors["j"]?.values == [-9])
        #expect(tensors["k"]?.values == [0, 128, 255])
    }

    @Test("bytes come back as they were, those alone that are asked for")
    func bytes() throws {
        let folder = try TemporaryFolder(), path = "\(folder.path)/pictures.safetensors"
        let (a, b): ([UInt8], [UInt8]) = ([0, 7, 255], [1, 2, 3, 4, 5, 6])
        try Safetensors.writeBytes(["a": ([3], a), "b": ([1, 2, 3], b)], to: path, metadata: ["by": "hand"])
        let read = try Safetensors.readBytes(path, of: ["b"])
        #expect(read.shapes == ["a": [3], "b": [1, 2, 3]] && read.bytes == ["b": b])
        let (tensors, metadata) = try Safetensors.read(path)
        #expect(tensors["a"]?.values == [0, 7, 255] && metadata == ["by": "hand"])
        #expect(throws: ModelError.self) { try Safetensors.readBytes(path, of: ["c"]) }
        try Safetensors.write(["a": Tensor([1], shape: [1])], to: path)
        let error = #expect(throws: ModelError.self) { try Safetensors.readBytes(path, of: ["a"]) }
        #expect(error?.code == .damagedFile && error?.problem.contains("U8") == true)
    }
}

/// A file of a given header and body; the header's length is right unless another one is given.
func safetensorsFile(header: String, body: Data = Data(), length: UInt64? = nil) -> Data {
    var file = Data()
    withUnsafeBytes(of: (length ?? UInt64(header.utf8.count)).littleEndian) { file.append(contentsOf: $0) }
    return file + Data(header.utf8) + body
}
