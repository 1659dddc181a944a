/// A decoded photo: RGB, interleaved, row-major, no padding, sRGB-encoded values, 8 or 16 bits per sample.
public struct RasterImage: Sendable {
    /// Samples in arrays.
    public enum Samples: Sendable, Equatable {
        case u8([UInt8])
        case u16([UInt16])

        public var count: Int {
            switch self {
            case .u8(let values): values.count
            case .u16(let values): values.count
            }
        }

        /// 8 or 16.
        public var bitDepth: Int {
            switch self {
            case .u8: 8
            case .u16: 16
            }
        }
    }

    public static let channels = 3
    public let width: Int
    public let height: Int
    /// 8 or 16.
    public let bitDepth: Int
    /// `[height, width, 3]`, native-endian.
    let memory: any PixelMemory

    /// A photo whose pixels stay where they are.
    ///
    /// - Parameters:
    ///   - width: in pixels.
    ///   - height: in pixels.
    ///   - bitDepth: 8 or 16.
    ///   - memory: `3 * width * height` samples of `bitDepth` bits, native-endian.
    /// - Throws: ``FillError`` with `sizeMismatch`.
    public init(width: Int, height: Int, bitDepth: Int, memory: any PixelMemory) throws {
        precondition(bitDepth == 8 || bitDepth == 16, "samples of \(bitDepth) bits")
        let sample = bitDepth / 8
        guard let pixels = pixelCount(width, height), pixels <= Int.max / (Self.channels * 2),
            memory.byteCount == pixels * Self.channels * sample
        else {
            throw FillError(
                .sizeMismatch, argument: "image",
                problem: "\(memory.byteCount / sample) samples for \(width)x\(height) RGB",
                remedy: "give width * height * 3 samples without padding")
        }
        self.width = width
        self.height = height
        self.bitDepth = bitDepth
        self.memory = memory
    }

    /// - Parameters:
    ///   - width: in pixels.
    ///   - height: in pixels.
    ///   - samples: `3 * width * height` values.
    /// - Throws: ``FillError`` with `sizeMismatch`.
    public init(width: Int, height: Int, samples: Samples) throws {
        switch samples {
        case .u8(let values): try self.init(width: width, height: height, bitDepth: 8, memory: PixelArray(values))
        case .u16(let values): try self.init(width: width, height: height, bitDepth: 16, memory: PixelArray(values))
        }
    }

    /// A copy of the samples of a rectangle, which must lie inside.
    public func samples(of box: PixelBox) -> Samples {
        precondition(
            box.x >= 0 && box.y >= 0 && box.endX <= width && box.endY <= height, "the box is not inside the photo")
        func copy<Sample: FixedWidthInteger>(_ type: Sample.Type) -> [Sample] {
            memory.withPixels { bytes in
                let all = bytes.bindMemory(to: Sample.self)
                var result: [Sample] = []
                result.reserveCapacity(3 * box.width * box.height)
                for y in box.y..<box.endY {
                    let start = 3 * (y * width + box.x)
                    result.append(contentsOf: all[start..<(start + 3 * box.width)])
                }
                return result
            }
        }
        return bitDepth == 8 ? .u8(copy(UInt8.self)) : .u16(copy(UInt16.self))
    }

    /// A copy of all samples.
    public var samples: Samples { samples(of: PixelBox(x: 0, y: 0, width: width, height: height)) }
}

/// `width * height`, or nil where there are no pixels or too many to count.
func pixelCount(_ width: Int, _ height: Int) -> Int? {
    guard width > 0, height > 0 else { return nil }
    let (product, overflow) = width.multipliedReportingOverflow(by: height)
    return overflow ? nil : product
}
