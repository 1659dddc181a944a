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
        try parse(contents(path), origin: path)
    }

    static func parse(_ data: Data, origin: String) throws -> (tensors: [String: Tensor], metadata: [String: String]) {
        let contents = try Contents(data, origin: origin)
        var tensors: [String: Tensor] = [:]
        for (name, entry) in contents.entries { tensors[name] = try contents.tensor(entry, name: name) }
        return (tensors, contents.metadata)
    }

    /// Reads the shapes of a file's tensors and, of those that are asked for, the bytes: for what is no weight, such as
    /// pictures. Nothing else of the file is read.
    ///
    /// - Parameters:
    ///   - path: of the file.
    ///   - names: of the tensors whose bytes are wanted, which are of type U8.
    /// - Throws: `ModelError` naming the file and what is wrong with it, also where a wanted tensor is missing.
    public static func readBytes(
        _ path: String, of names: [String]
    ) throws -> (shapes: [String: [Int]], bytes: [String: [UInt8]]) {
        let contents = try Contents(contents(path), origin: path)
        var bytes: [String: [UInt8]] = [:]
        for name in names {
            guard let entry = contents.entries[name] else {
                throw ModelError(.missingWeight, at: path, "there is no tensor \"\(name)\"")
            }
            bytes[name] = try contents.bytes(entry, name: name)
        }
        return (contents.entries.mapValues(\.shape), bytes)
    }

    private static func contents(_ path: String) throws -> Data {
        guard FileManager.default.fileExists(atPath: path) else {
            throw ModelError(.missingFile, at: path, "there is no such file")
        }
        do {
            return try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
        } catch {
            throw ModelError(.unreadableFile, at: path, "the file cannot be read")
        }
    }

    /// A file whose header is read and whose tensors are known to lie in it.
    private struct Contents {
        let origin: String
        let data: Data
        /// Where the tensors' bytes begin.
        let body: Int
        var entries: [String: Entry] = [:]
        var metadata: [String: String] = [:]

        init(_ data: Data, origin: String) throws {
            func damaged(_ problem: String) -> ModelError { ModelError(.damagedFile, at: origin, problem) }
            guard data.count >= 8 else { throw damaged("\(data.count) bytes are too few for a safetensors file") }
            let length = data.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard length <= UInt64(maximumHeader), Int(length) <= data.count - 8 else {
                throw damaged("the header's length \(length) does not fit a file of \(data.count) bytes")
            }
            self.origin = origin
            self.data = data
            body = data.startIndex + 8 + Int(length)
            let header: [String: HeaderValue]
            do {
                header = try JSONDecoder().decode(
                    [String: HeaderValue].self, from: data[(data.startIndex + 8)..<body])
            } catch {
                throw damaged("the header is not the JSON of a safetensors file")
            }
            for (name, value) in header {
                switch (name, value) {
                case ("__metadata__", .metadata(let text)): metadata = text
                case (_, .entry(let entry)) where name != "__metadata__": entries[name] = entry
                default: throw damaged("the header's entry \"\(name)\" does not describe a tensor")
                }
            }
            try requireTiling(entries.map { ($0.key, $0.value) }, available: data.endIndex - body, damaged: damaged)
        }

        func damaged(_ problem: String) -> ModelError { ModelError(.damagedFile, at: origin, problem) }

        /// Where a tensor of known type lies, and how many numbers it has.
        private func place(_ entry: Entry, name: String, _ type: StoredType) throws -> (range: Range<Int>, count: Int) {
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
            return ((body + offsets[0])..<(body + offsets[1]), count)
        }

        func tensor(_ entry: Entry, name: String) throws -> Tensor {
            guard let type = StoredType(rawValue: entry.dtype) else {
                throw damaged("tensor \"\(name)\" has type \(entry.dtype), which is not read")
            }
            let (range, count) = try place(entry, name: name, type)
            let result = Tensor(uninitialized: entry.shape)
            data[range].withUnsafeBytes { convert($0, type, to: result.pointer, count: count) }
            return result
        }

        func bytes(_ entry: Entry, name: String) throws -> [UInt8] {
            guard entry.dtype == StoredType.uint8.rawValue else {
                throw damaged("tensor \"\(name)\" has type \(entry.dtype), not U8")
            }
            return [UInt8](data[try place(entry, name: name, .uint8).range])
        }
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
        let ordered = tensors.sorted { $0.key < $1.key }
        var data = try header(
            ordered.map { ($0.key, type.rawValue, $0.value.shape, $0.value.count * type.byteCount) }, metadata)
        for (_, tensor) in ordered { append(tensor, as: type, to: &data) }
        return data
    }

    /// Writes bytes as tensors of type U8, atomically, as ``readBytes(_:of:)`` reads them.
    /// - Throws: `ModelError` with code `cannotWrite`.
    public static func writeBytes(
        _ bytes: [String: (shape: [Int], values: [UInt8])], to path: String, metadata: [String: String] = [:]
    ) throws {
        let ordered = bytes.sorted { $0.key < $1.key }
        var data = try header(
            ordered.map { ($0.key, StoredType.uint8.rawValue, $0.value.shape, $0.value.values.count) }, metadata)
        for (name, value) in ordered {
            precondition(value.shape.reduce(1, *) == value.values.count, "Layers: bytes \"\(name)\" of another shape")
            data.append(contentsOf: value.values)
        }
        try AtomicFile.write(data, to: path)
    }

    /// What stands before the bytes of the tensors, given in their order.
    private static func header(
        _ tensors: [(name: String, type: String, shape: [Int], byteCount: Int)], _ metadata: [String: String]
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
        for tensor in tensors {
            entries[tensor.name] = Entry(
                dtype: tensor.type, shape: tensor.shape, data_offsets: [offset, offset + tensor.byteCount])
            offset += tensor.byteCount
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var header = try encoder.encode(Header(entries: entries, metadata: metadata))
        // Padded so that the data starts at a multiple of eight bytes, as the format asks.
        header.append(contentsOf: [UInt8](repeating: 0x20, count: (8 - header.count % 8) % 8))
        var data = Data(capacity: 8 + header.count + offset)
        withUnsafeBytes(of: UInt64(header.count).littleEndian) { data.append(contentsOf: $0) }
        data.append(header)
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
