import CVips
import Glibc

/// What tells a photo from others: the hash of its file, and a hash of how it looks.
public struct PhotoFingerprint: Equatable, Sendable {
    /// SHA-256 of the file.
    public let content: [UInt8]
    /// 64 signs of low frequencies of the brightness; the same picture at another size or quality has nearly the same.
    public let perceptual: UInt64

    /// Reads the whole photo, at a reduced size where its format can.
    ///
    /// - Throws: `CodecError`, also for damaged pixels.
    public init(_ photo: PhotoReader) throws {
        var digest = [UInt8](repeating: 0, count: 32)
        refine_sha256(photo.file.memory.baseAddress, photo.file.count, &digest)
        content = digest
        let side = Self.side
        let small = try SmallPhoto(photo, width: side, height: side, isExact: true)
        perceptual = Self.hash(
            stride(from: 0, to: small.pixels.count, by: 3).map { i in
                0.299 * Float(small.pixels[i]) + 0.587 * Float(small.pixels[i + 1]) + 0.114 * Float(small.pixels[i + 2])
            })
    }

    private static let side = 32
    private static let frequencies = 8

    /// The signs of the 8x8 lowest frequencies against their median, the constant one left out of it.
    ///
    /// C. Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010, section 3.2.1.
    /// - Parameter brightness: `[32, 32]`.
    static func hash(_ brightness: [Float]) -> UInt64 {
        // cosines[k][n] = cos(pi / N * (n + 1/2) * k)
        let cosines = (0..<frequencies).map { k in
            (0..<side).map { n in cosf(.pi / Float(side) * (Float(n) + 0.5) * Float(k)) }
        }
        var rows = [Float](repeating: 0, count: side * frequencies)
        for y in 0..<side {
            for k in 0..<frequencies {
                var sum: Float = 0
                for x in 0..<side { sum += brightness[y * side + x] * cosines[k][x] }
                rows[y * frequencies + k] = sum
            }
        }
        var coefficients: [Float] = []
        for j in 0..<frequencies {
            for k in 0..<frequencies {
                var sum: Float = 0
                for y in 0..<side { sum += rows[y * frequencies + k] * cosines[j][y] }
                coefficients.append(sum)
            }
        }
        let median = coefficients.dropFirst().sorted()[(coefficients.count - 1) / 2]
        return coefficients.enumerated().reduce(0) { $1.element > median ? $0 | 1 << UInt64($1.offset) : $0 }
    }
}

/// A photo at a reduced size, upright, in sRGB.
public struct SmallPhoto: Sendable {
    public let width: Int
    public let height: Int
    /// `[height, width, 3]`.
    public let pixels: [UInt8]

    /// - Parameters:
    ///   - photo: whose header has been read.
    ///   - width: of the result, in pixels.
    ///   - height: of the result, in pixels.
    ///   - isExact: whether the result has exactly this size; else it fits inside, and is never enlarged.
    /// - Throws: `CodecError`.
    public init(_ photo: PhotoReader, width: Int, height: Int, isExact: Bool = false) throws {
        let source = try OpaqueSource(photo.file, argument: photo.argument)
        let whole = try photo.reduced(source, width: width, height: height)
        guard
            let picture = VipsPicture.make({
                refine_vips_thumbnail(whole.image, Int32(width), Int32(height), isExact ? 1 : 0, $0)
            })
        else { throw PhotoReader.damaged(photo.argument) }
        self.width = picture.width
        self.height = picture.height
        let rowBytes = picture.width * 3
        var pixels = [UInt8](repeating: 0, count: rowBytes * picture.height)
        let complete = pixels.withUnsafeMutableBytes { output in
            picture.forEachRow { row, samples in
                UnsafeMutableRawBufferPointer(rebasing: output[row * rowBytes..<(row + 1) * rowBytes])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: samples[..<rowBytes]))
            }
        }
        guard complete else { throw PhotoReader.damaged(photo.argument) }
        self.pixels = pixels
    }
}

extension PhotoReader {
    /// The picture as its loader hands it out, at no less than twice the wanted size where it can be reduced on the way.
    fileprivate func reduced(_ source: OpaqueSource, width: Int, height: Int) throws -> VipsPicture {
        let room = min(info.width / max(width, 1), info.height / max(height, 1)) / 2
        guard info.format == .jpeg, let shrink = [8, 4, 2].first(where: { $0 <= room }) else {
            return try Self.open(
                source, format: info.format, access: VIPS_ACCESS_SEQUENTIAL, argument: argument)
        }
        guard let picture = VipsPicture.make({ refine_vips_load_small_jpeg(source.source, Int32(shrink), $0) }) else {
            throw Self.damaged(argument)
        }
        return picture
    }
}
