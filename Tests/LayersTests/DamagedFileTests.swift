import Foundation
import Layers
import TensorCore
import Testing

@Suite("Safetensors: files that are damaged or hostile")
struct DamagedFileTests {
    /// Expects that `file` is refused with `code`, and that the error names the file.
    private func expectRefused(
        _ file: Data, _ code: ModelError.Code = .damagedFile, _ comment: Comment? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let folder = try TemporaryFolder(), path = try folder.file(file)
        let error = #expect(throws: ModelError.self, comment, sourceLocation: sourceLocation) {
            try Safetensors.read(path)
        }
        #expect(error?.code == code, comment, sourceLocation: sourceLocation)
        #expect(error?.place == path, comment, sourceLocation: sourceLocation)
    }

    @Test("a missing file and a folder in its place have codes of their own")
    func missing() throws {
        let folder = try TemporaryFolder()
        #expect(throws: ModelError.self) { try Safetensors.read("\(folder.path)/none") }
        #expect(code { try Safetensors.read("\(folder.path)/none") } == .missingFile)
        #expect(code { try Safetensors.read(folder.path) } == .unreadableFile)
    }

    private func code(_ body: () throws -> some Any) -> ModelError.Code? {
        do {
            _ = try body()
            return nil
        } catch { return (error as? ModelError)?.code }
    }

    @Test("a file cut short at any length is refused")
    func truncated() throws {
        let folder = try TemporaryFolder(), path = "\(folder.path)/weights.safetensors"
        try Safetensors.write(
            ["a": Tensor(repeating: 1, shape: [3]), "b": Tensor(repeating: 2, shape: [2, 2])], to: path, as: .float16)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        for length in 0..<whole.count { try expectRefused(Data(whole.prefix(length)), "\(length) bytes") }
        #expect(code { try Safetensors.read(path) } == nil)
    }

    private func expectRefused(
        _ file: Data, _ comment: Comment, sourceLocation: SourceLocation = #_sourceLocation
    ) throws { try expectRefused(file, .damagedFile, comment, sourceLocation: sourceLocation) }

    @Test("a file of which one byte was changed is read or refused, never worse")
    func flippedBytes() throws {
        let folder = try TemporaryFolder(), path = "\(folder.path)/weights.safetensors"
        try Safetensors.write(["a": Tensor(repeating: 1, shape: [3]), "b": Tensor(repeating: 2, shape: [2])], to: path)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        for position in 0..<(whole.count - 20) {
            for value: UInt8 in [0, 0x39, 0x7B] {
                var damaged = whole
                damaged[position] = value
                let file = try folder.file(damaged, "damaged")
                do { _ = try Safetensors.read(file) } catch { #expect(error is ModelError) }
            }
        }
    }

    @Test(
        "a header length that does not fit is refused",
        arguments: [
            3, 1000, 100_000_001, 1 << 40, UInt64(Int64.max), UInt64(Int64.max) + 1, .max, .max - 7,
        ])
    func headerLength(_ length: UInt64) throws {
        try expectRefused(safetensorsFile(header: "{}", length: length))
    }

    @Test(
        "a header that is no JSON object of tensors is refused",
        arguments: [
            "", "{", "[]", "null", "7", "\"a\"", #"{"a"}"#, #"{"a":7}"#, #"{"a":{}}"#, #"{"a":[]}"#, #"{"a":null}"#,
            #"{"a":{"dtype":"F32"}}"#, #"{"a":{"dtype":"F32","shape":[1]}}"#, #"{"a":{"format":"pt"}}"#,
            #"{"a":{"dtype":7,"shape":[1],"data_offsets":[0,4]}}"#,
            #"{"a":{"dtype":"F32","shape":"1","data_offsets":[0,4]}}"#,
            #"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}"#,
            #"{"a":{"dtype":"F32","shape":[1e30],"data_offsets":[0,4]}}"#,
            #"{"a":{"dtype":"F32","shape":[true],"data_offsets":[0,4]}}"#,
            #"{"__metadata__":{"format":7}}"#,
            #"{"__metadata__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
        ])
    func notAHeader(_ header: String) throws {
        try expectRefused(safetensorsFile(header: header, body: Data(count: 4)))
    }

    @Test("a header that is nested without end or is not UTF-8 is refused")
    func hostileHeader() throws {
        try expectRefused(safetensorsFile(header: String(repeating: "[", count: 200_000)))
        try expectRefused(safetensorsFile(header: String(repeating: #"{"a":"#, count: 200_000)))
        var file = safetensorsFile(
            header: #"{"a?":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, body: Data(count: 4))
        file[11] = 0xFF
        try expectRefused(file)
    }

    @Test(
        "offsets that lie outside, backwards, overlap or leave gaps are refused",
        arguments: [
            [[0, 12]], [[4, 12]], [[-4, 4]], [[8, 0]], [[0]], [[]], [[0, 4, 8]], [[0, 4]],
            [[Int.max - 7, Int.max]], [[Int.min, Int.min + 8]], [[Int.min, Int.max]],
            [[0, 4], [0, 4]], [[0, 4], [2, 6]], [[0, 4], [4, 12]],
        ])
    func offsets(_ offsets: [[Int]]) throws {
        // Eight bytes of data: one tensor of two floats, or two of one.
        let shape = offsets.count == 1 ? 2 : 1
        let entries = offsets.enumerated().map { i, pair in
            #""t\#(i)":{"dtype":"F32","shape":[\#(shape)],"data_offsets":\#(pair)}"#
        }
        try expectRefused(safetensorsFile(header: "{\(entries.joined(separator: ","))}", body: Data(count: 8)))
    }

    @Test("bytes that belong to no tensor are refused")
    func unclaimed() throws {
        let entry = #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
        try expectRefused(safetensorsFile(header: entry, body: Data(count: 5)))
        try expectRefused(
            safetensorsFile(header: #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, body: Data(count: 8)))
        try expectRefused(safetensorsFile(header: "{}", body: Data(count: 1)))
    }

    @Test(
        "shapes that are negative, huge or do not fill their bytes are refused",
        arguments: [
            [-1], [-1, -1], [2], [0], [1, 2], [Int.max], [Int.max, 2], [1 << 32, 1 << 32], [1 << 62, 4], [1 << 62],
            [Int.min], [-1, Int.min], [Int.max, Int.max, 0], [0, Int.min],
        ])
    func shapes(_ shape: [Int]) throws {
        let header = #"{"a":{"dtype":"F32","shape":\#(shape),"data_offsets":[0,4]}}"#
        try expectRefused(safetensorsFile(header: header, body: Data(count: 4)))
    }

    @Test(
        "an empty tensor of a huge shape is refused or read as empty",
        arguments: [[0, Int.max, Int.max], [Int.max, 0]])
    func hugeEmpty(_ shape: [Int]) throws {
        let folder = try TemporaryFolder()
        let path = try folder.file(
            safetensorsFile(header: #"{"a":{"dtype":"F32","shape":\#(shape),"data_offsets":[0,0]}}"#))
        do { #expect(try Safetensors.read(path).tensors["a"]?.count == 0) } catch { #expect(error is ModelError) }
    }

    @Test("types that are not read are refused by name", arguments: ["F64", "I8", "BOOL", "f32", "", "F8_E4M3"])
    func types(_ type: String) throws {
        let header = #"{"a":{"dtype":"\#(type)","shape":[4],"data_offsets":[0,4]}}"#
        try expectRefused(safetensorsFile(header: header, body: Data(count: 4)))
    }

    @Test("an error says where, what and what to do, and shows no content")
    func description() throws {
        let folder = try TemporaryFolder(), path = try folder.file(Data("secret".utf8))
        let error = #expect(throws: ModelError.self) { try Safetensors.read(path) }
        let text = try #require(error).description
        #expect(text.hasPrefix(path) && text.contains("6 bytes") && text.contains("install the model again"))
        #expect(!text.contains("secret"))
    }
}
