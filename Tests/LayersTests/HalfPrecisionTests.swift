import Foundation
import Layers
import TensorCore
import Testing

@Suite("Half precision")
struct HalfPrecisionTests {
    /// All 16-bit patterns as a file of one tensor.
    private func allPatterns(_ type: String) -> Data {
        var body = Data(capacity: 131_072)
        for pattern in 0...UInt16.max { withUnsafeBytes(of: pattern.littleEndian) { body.append(contentsOf: $0) } }
        return safetensorsFile(
            header: #"{"a":{"dtype":"\#(type)","shape":[65536],"data_offsets":[0,131072]}}"#, body: body)
    }

    /// The 16-bit words that `values` are written as.
    private func words(_ values: [Float], as type: Safetensors.ElementType) throws -> [UInt16] {
        let folder = try TemporaryFolder(), path = "\(folder.path)/weights"
        try Safetensors.write(["a": Tensor(values, shape: [values.count])], to: path, as: type)
        let file = try Data(contentsOf: URL(fileURLWithPath: path)).suffix(2 * values.count)
        let bytes = [UInt8](file)
        return values.indices.map { UInt16(bytes[2 * $0]) | UInt16(bytes[2 * $0 + 1]) << 8 }
    }

    /// Every number that both neighbours of `type` could be rounded to: each value, the middle between it and the next,
    /// and the floats on both sides of the middle; then those out of range.
    private func hardCases(_ value: (UInt16) -> Float, last: UInt16) -> [Float] {
        var cases: [Float] = []
        for pattern in 0..<last {
            let low = value(pattern), high = value(pattern + 1)
            let middle = Float((Double(low) + Double(high)) / 2)
            cases += [low, middle, middle.nextUp, middle.nextDown]
        }
        let far: [Float] = [
            value(last), value(last).nextUp, 65519.996, 65520, 65536, 1e30, .greatestFiniteMagnitude, .infinity,
            .leastNonzeroMagnitude, 0x1p-26, 2.9802322e-08, 2.9802326e-08,
        ]
        return (cases + far).flatMap { [$0, -$0] }
    }

    @Test("all 65,536 halves are read as Swift's Float16 means them")
    func readHalf() throws {
        let folder = try TemporaryFolder()
        let values = try #require(try Safetensors.read(try folder.file(allPatterns("F16"))).tensors["a"]).values
        for (pattern, value) in zip(0...UInt16.max, values) {
            let expected = Float(Float16(bitPattern: pattern))
            guard value.bitPattern != expected.bitPattern else { continue }
            #expect(value.isNaN && expected.isNaN, "pattern \(pattern)")
        }
    }

    @Test("floats are rounded to halves as Swift's Float16 rounds them")
    func writeHalf() throws {
        let cases = hardCases({ Float(Float16(bitPattern: $0)) }, last: 0x7BFF)
        let wrong = zip(cases, try words(cases, as: .float16)).filter { Float16($0).bitPattern != $1 }
        #expect(wrong.isEmpty, "\(wrong.count) are wrong, the first is \(wrong.first.debugDescription)")
        #expect(try words([.nan, -.nan], as: .float16).allSatisfy { Float16(bitPattern: $0).isNaN })
    }

    @Test("all 65,536 bfloat16s are read as the upper half of a float")
    func readBFloat() throws {
        let folder = try TemporaryFolder()
        let values = try #require(try Safetensors.read(try folder.file(allPatterns("BF16"))).tensors["a"]).values
        for (pattern, value) in zip(0...UInt16.max, values) {
            let expected = Float(bitPattern: UInt32(pattern) << 16)
            guard value.bitPattern != expected.bitPattern else { continue }
            #expect(value.isNaN && expected.isNaN, "pattern \(pattern)")
        }
    }

    @Test("floats are rounded to the nearest bfloat16, ties to even")
    func writeBFloat() throws {
        func value(_ pattern: UInt16) -> Float { Float(bitPattern: UInt32(pattern) << 16) }
        let cases = hardCases(value, last: 0x7F7F).filter { abs($0) <= value(0x7F7F) }
        let wrong = zip(cases, try words(cases, as: .bfloat16)).filter { number, word in
            let below = UInt16(number.magnitude.bitPattern >> 16), above = below + 1
            let exact = Double(number.magnitude), low = Double(value(below))
            let high = above == 0x7F80 ? 0x1p128 : Double(value(above))
            let up = exact - low > high - exact || (exact - low == high - exact && below % 2 == 1)
            return word != (up ? above : below) | (number.sign == .minus ? 0x8000 : 0)
        }
        #expect(wrong.isEmpty, "\(wrong.count) are wrong, the first is \(wrong.first.debugDescription)")
        let special = try words([.infinity, -.infinity, .nan, .greatestFiniteMagnitude], as: .bfloat16)
        #expect(special[0] == 0x7F80 && special[1] == 0xFF80 && value(special[2]).isNaN && special[3] == 0x7F80)
        // A NaN whose upper half is that of infinity stays a NaN.
        #expect(value(try words([Float(bitPattern: 0x7F80_0001)], as: .bfloat16)[0]).isNaN)
    }
}
