import CKernels
import Foundation
import TensorCore

/// The safetensors format: an 8-byte little-endian length, a JSON header of that length, then the tensors' bytes.
///
/// See https://huggingface.co/docs/safetensors. Files are untrusted: every length and offset is checked before use.
public enum Safetensors {
    /// How numbers are written. All are held as fp32 in memory.
    public enum ElementType: String, Codable, Sendable {
        case float32 = "F32"
        case float16 = "F16"
        case bfloat16 = "BF16"

        var byteCount: Int { self == .float32 ? 4 : 2 }
    }

    private struct Entry: Codable {
        var dtype: String
        var shape: [Int]
        var data_offsets: [Int]
    }

    private enum HeaderValue: Decodable {
        case entry(Entry)
        case metadata([String: String])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let entry = try? container.decode(Entry.self) {
                self = .entry(entry)
            } else {
                self = .metadata(try container.decode([String: String].self))
            }
        }
    }

    /// The longest header that is read, in bytes; the reference implementation's own limit.
    static let maximumHeader = 100_000_000

    /// Reads every tensor of a file.
    /// - Throws: `ModelError` naming the file and what is wrong with it.
    public static func read(_ path: String) throws -> (tensors: [String: Tensor], metadata: [String: String]) {
        guard FileManager.default.fileExists(atPath: path) else {
            throw ModelError(.missingFile, at: path, "there is no such file")
        }
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
        } catch {
            throw ModelError(.unreadableFile, at: path, "the file cannot be read")
        }
        return try parse(data, origin: path)
    }

    static func parse(_ data: Data, origin: String) throws -> (tensors: [String: Tensor], metadata: [String: String]) {
        func damaged(_ problem: String) -> ModelError { ModelError(.damagedFile, at: origin, problem) }
        guard data.count >= 8 else { throw damaged("\(data.count) bytes are too few for a safetensors file") }
        let length = data.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= UInt64(maximumHeader), Int(length) <= data.count - 8 else {
            throw damaged("the header's length \(length) does not fit a file of \(data.count) bytes")
        }
        let body = data.startIndex + 8 + Int(length)
        let header: [String: HeaderValue]
        do {
            header = try JSONDecoder().decode([String: HeaderValue].self, from: data[(data.startIndex + 8)..<body])
        } catch {
            throw damaged("the header is not the JSON of a safetensors file")
        }
        var entries: [(name: String, entry: Entry)] = []
        var metadata: [String: String] = [:]
        for (name, value) in header {
            switch (name, value) {
            case ("__metadata__", .metadata(let text)): metadata = text
            case (_, .entry(let entry)) where name != "__metadata__": entries.append((name, entry))
            default: throw damaged("the header's entry \"\(name)\" does not describe a tensor")
            }
        }
        try requireTiling(entries, available: data.endIndex - body, damaged: damaged)
        var tensors: [String: Tensor] = [:]
        for (name, entry) in entries {
            tensors[name] = try tensor(entry, name: name, data: data, body: body, damaged: damaged)
        }
        return (tensors, metadata)
    }

    /// Tensors must fill the data without gap or overlap, as in the reference implementation: every byte of a file has
    /// one meaning.
    private static func requireTiling(
        _ entries: [(name: String, entry: Entry)], available: Int, damaged: (String) -> ModelError
    ) throws {
        var end = 0
        for (name, entry) in entries.sorted(by: {
            $0.entry.data_offsets.lexicographicallyPrecedes($1.entry.data_offsets)
        }) {
            let offsets = entry.data_offsets
            guard offsets.count == 2, offsets[0] == end, offsets[1] >= end, offsets[1] <= available else {
                throw damaged(
                    "tensor \"\(name)\" lies at \(offsets), but must begin at \(end) of \(available) bytes of data")
            }
            end = offsets[1]
        }
        guard end == available else { throw damaged("\(available - end) bytes of data belong to no tensor") }
    }

    /// Types that are read; integers (position indices, labels) become floats.
    private enum StoredType: String {
        case float32 = "F32", float16 = "F16", bfloat16 = "BF16", int64 = "I64", int32 = "I32", uint8 = "U8"

        var byteCount: Int {
            switch self {
            case .int64: 8
            case .float32, .int32: 4
            case .float16, .bfloat16: 2
            case .uint8: 1
            }
        }
    }

    /// `entry` lies inside of the data.
    private static func tensor(
        _ entry: Entry, name: String, data: Data, body: Int, damaged: (String) -> ModelError
    ) throws -> Tensor {
        guard let type = StoredType(rawValue: entry.dtype) else {
            throw damaged("tensor \"\(name)\" has type \(entry.dtype), which is not read")
        }
        var count = 1
        for extent in entry.shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard extent >= 0, !overflow else { throw damaged("tensor \"\(name)\" has shape \(entry.shape)") }
            count = product
        }
        let offsets = entry.data_offsets
        let (bytes, overflow) = count.multipliedReportingOverflow(by: type.byteCount)
        guard !overflow, offsets[1] - offsets[0] == bytes else {
            throw damaged("tensor \"\(name)\" of shape \(entry.shape) does not fill the bytes \(offsets)")
        }
        let result = Tensor(uninitialized: entry.shape)
        data[(body + offsets[0])..<(body + offsets[1])].withUnsafeBytes { source in
            convert(source, type, to: result.pointer, count: count)
        }
        return result
    }

    /// Copies by bytes first: the format does not promise alignment.
    private static func convert(
        _ source: UnsafeRawBufferPointer, _ type: StoredType, to target: UnsafeMutablePointer<Float>, count: Int
    ) {
        func elements<T: FixedWidthInteger>(_: T.Type) -> [T] {
            [T](unsafeUninitializedCapacity: count) { buffer, initialized in
                UnsafeMutableRawBufferPointer(buffer).copyMemory(from: source)
                initialized = count
            }
        }
        func widen<T: FixedWidthInteger>(_: T.Type) {
            for (i, value) in elements(T.self).enumerated() { target[i] = Float(value) }
        }
        switch type {
        case .float32: UnsafeMutableRawBufferPointer(start: target, count: source.count).copyMemory(from: source)
        case .float16: rk_half_to_float(elements(UInt16.self), target, Int64(count))
        case .bfloat16: rk_bfloat_to_float(elements(UInt16.self), target, Int64(count))
        case .int64: widen(Int64.self)
        case .int32: widen(Int32.self)
        case .uint8: widen(UInt8.self)
        }
    }

    /// Writes tensors in the order of their names, atomically: a reader sees the old file or the whole new one.
    /// - Throws: `ModelError` with code `cannotWrite`.
    public static func write(
        _ tensors: [String: Tensor], to path: String, as type: ElementType = .float32,
        metadata: [String: String] = [:]
    ) throws {
        let data = try serialized(tensors, as: type, metadata: metadata)
        try AtomicFile.write(data, to: path)
    }

    static func serialized(
        _ tensors: [String: Tensor], as type: ElementType, metadata: [String: String]
    ) throws -> Data {
        struct Header: Encodable {
            var entries: [String: Entry], metadata: [String: String]
            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: Name.self)
                if !metadata.isEmpty { try container.encode(metadata, forKey: Name("__metadata__")) }
                for (name, entry) in entries { try container.encode(entry, forKey: Name(name)) }
            }
        }
        var entries: [String: Entry] = [:], offset = 0
        let ordered = tensors.sorted { $0.key < $1.key }
        for (name, tensor) in ordered {
            let bytes = tensor.count * type.byteCount
            entries[name] = Entry(dtype: type.rawValue, shape: tensor.shape, data_offsets: [offset, offset + bytes])
            offset += bytes
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var header = try encoder.encode(Header(entries: entries, metadata: metadata))
        // Padded so that the data starts at a multiple of eight bytes, as the format asks.
        header.append(contentsOf: [UInt8](repeating: 0x20, count: (8 - header.count % 8) % 8))
        var data = Data(capacity: 8 + header.count + offset)
        withUnsafeBytes(of: UInt64(header.count).littleEndian) { data.append(contentsOf: $0) }
        data.append(header)
        for (_, tensor) in ordered { append(tensor, as: type, to: &data) }
        return data
    }

    private static func append(_ tensor: Tensor, as type: ElementType, to data: inout Data) {
        if type == .float32 {
            data.append(UnsafeBufferPointer(start: tensor.pointer, count: tensor.count))
            return
        }
        let words = [UInt16](unsafeUninitializedCapacity: tensor.count) { buffer, initialized in
            if type == .float16 {
                rk_float_to_half(tensor.pointer, buffer.baseAddress, Int64(tensor.count))
            } else {
                rk_float_to_bfloat(tensor.pointer, buffer.baseAddress, Int64(tensor.count))
            }
            initialized = tensor.count
        }
        words.withUnsafeBytes { data.append(contentsOf: $0) }
    }

    private struct Name: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { return nil }
    }
}
