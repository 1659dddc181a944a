import Diffusion
import Glibc
import Layers

/// One hole's share of a material that the prompt names: a picture of it, as large as the hole, in the tones that the
/// model filled the hole with.
///
/// What the model does well with a prompt is to find tones that suit both the words and the photo; what it does not do
/// is texture. So colour and brightness follow the model's fill, blurred, by one half, and by the other half they are the
/// picture's; or all the fill's where the prompt says which colour it shall be.
package struct TextureLayer {
    /// Photo pixels of a hole's longer side from which on the texture is enlarged: a wall of ten thousand bricks is none.
    private static let largest: Float = 640
    /// Photo pixels over which a texture of the photo's resolution fades in from the hole's border.
    private static let rim: Float = 2.5
    /// Texture pixels of a cell that tones are taken of, and cells of their blur.
    private static let cell: Float = 8
    private static let blur: Float = 2
    /// How far a picture may be lit up or dimmed.
    private static let gains: ClosedRange<Float> = 0.4...2
    private static let darkest: Float = 0.05
    private static let luma = SIMD3<Float>(0.299, 0.587, 0.114)

    /// One of the pictures that a prompt calls up.
    struct Picture {
        let pixels: [UInt8]
        let size: Int
        /// Its mean colour, 0...1.
        let mean: SIMD3<Float>
        let isOfNamedColour: Bool

        init(_ textures: PromptedTextures, seed: UInt64) {
            pixels = textures.pictures[Int(seed % UInt64(textures.pictures.count))]
            size = textures.size
            isOfNamedColour = textures.namesColour
            var sum = SIMD3<Float>.zero
            for index in 0..<size * size {
                for channel in 0..<3 { sum[channel] += Float(pixels[3 * index + channel]) }
            }
            mean = sum / Float(255 * size * size)
        }
    }

    private let hole: HoleRegion
    /// Photo pixels of a texture pixel.
    private let scale: Float
    private let quilt: TextureQuilt
    /// Mean colour of the picture.
    private let mean: SIMD3<Float>
    private let ownShare: Float
    /// The model's tones by cell: `[rows, columns, 3]`.
    private let tones: [Float]
    /// Of the quilt.
    private let width: Int
    private let height: Int
    private let cell: Int
    private let columns: Int
    private let rows: Int

    /// - Parameters:
    ///   - picture: of the material.
    ///   - hole: one hole.
    ///   - seed: chooses what of the picture is where.
    ///   - fill: what the model filled a place of the photo with, 0...1.
    init(
        _ picture: Picture, hole: HoleRegion, seed: UInt64, fill: (_ x: Int, _ y: Int) -> SIMD3<Float>
    ) {
        self.hole = hole
        let box = hole.box
        scale = max(Float(max(box.width, box.height)) / Self.largest, 1)
        cell = Int((Self.cell * scale).rounded())
        (columns, rows) = ((box.width + cell - 1) / cell, (box.height + cell - 1) / cell)
        (width, height) = (Self.shrunk(box.width, scale), Self.shrunk(box.height, scale))
        var wanted = [Bool](repeating: false, count: width * height)
        var sums = [Float](repeating: 0, count: 4 * columns * rows)
        for y in 0..<box.height {
            let line = min(Int(Float(y) / scale), height - 1) * width
            for x in 0..<box.width where hole.values[y * box.width + x] != 0 {
                wanted[line + min(Int(Float(x) / scale), width - 1)] = true
                let color = fill(box.x + x, box.y + y)
                let at = 4 * (y / cell * columns + x / cell)
                for channel in 0..<3 { sums[at + channel] += color[channel] }
                sums[at + 3] += 1
            }
        }
        let blurred = CellBlur.sums(sums, columns, rows, channels: 4, sigma: Self.blur)
        var total = SIMD4<Float>.zero
        for index in 0..<columns * rows { for channel in 0..<4 { total[channel] += sums[4 * index + channel] } }
        let average = total / max(total.w, 1)
        tones = (0..<3 * columns * rows).map { index in
            let (at, channel) = (4 * (index / 3), index % 3)
            return blurred[at + 3] > 1e-3 ? blurred[at + channel] / blurred[at + 3] : average[channel]
        }
        mean = picture.mean
        ownShare = picture.isOfNamedColour ? 0 : 0.5
        quilt = TextureQuilt(
            picture.pixels, size: picture.size, width: width, height: height, wanted: wanted.grown(width, height),
            random: SeededRandom(seed: seed, stream: UInt64(box.y) << 32 | UInt64(box.x)))
    }

    private static func shrunk(_ length: Int, _ scale: Float) -> Int { Int((Float(length) / scale).rounded(.up)) }

    /// Calls `lay` for all pixels of the hole with the material's colour there, 0...1, and how far it covers the fill:
    /// from the hole's border inwards by and by, but not from the photo's.
    func forEachPixel(_ lay: (_ x: Int, _ y: Int, _ color: SIMD3<Float>, _ share: Float) -> Void) {
        let box = hole.box
        let rim = Self.rim * scale.squareRoot()
        let across = (0..<box.width).map { CellTap($0, cell: cell, count: columns) }
        func isKnown(_ x: Int, _ y: Int) -> Bool {
            guard x >= 0, x < box.width, y >= 0, y < box.height else {
                return box.x + x >= 0 && box.x + x < hole.photoWidth && box.y + y >= 0
                    && box.y + y < hole.photoHeight
            }
            return hole.values[y * box.width + x] == 0
        }
        tones.withUnsafeBufferPointer { tones in
            SquaredDistance.forEachRow(width: box.width + 2, height: box.height + 2, reach: Int(rim) + 2) { x, y in
                isKnown(x - 1, y - 1)
            } row: { y, squared in
                let y = y - 1
                guard (0..<box.height).contains(y) else { return }
                let down = CellTap(y, cell: cell, count: rows)
                for x in 0..<box.width where hole.values[y * box.width + x] != 0 {
                    let inside = min(max((Float(squared[x + 1]).squareRoot() - 0.5) / rim, 0), 1)
                    let opacity = Float(hole.values[y * box.width + x]) / 255
                    var tone = SIMD3<Float>.zero
                    for channel in 0..<3 {
                        tone[channel] = CellTap.value(tones, across[x], down, width: columns, channel: channel)
                    }
                    lay(
                        box.x + x, box.y + y, color(x, y, tone),
                        inside * inside * (3 - 2 * inside) * opacity)
                }
            }
        }
    }

    private func color(_ x: Int, _ y: Int, _ tone: SIMD3<Float>) -> SIMD3<Float> {
        let ratio = (tone * Self.luma).sum() / max((mean * Self.luma).sum(), Self.darkest)
        let gain = powf(min(max(ratio, Self.gains.lowerBound), Self.gains.upperBound), 1 - ownShare)
        let base = tone + (mean * gain - tone) * ownShare
        let result = base + (sample(x, y) - mean) * gain
        return result.clamped(lowerBound: .zero, upperBound: .one)
    }

    /// The quilt at a place of the box; enlarged by Catmull and Rom's splines where the texture is.
    private func sample(_ x: Int, _ y: Int) -> SIMD3<Float> {
        func at(_ column: Int, _ row: Int) -> SIMD3<Float> {
            let index = 3 * (min(max(row, 0), height - 1) * width + min(max(column, 0), width - 1))
            return SIMD3(
                Float(quilt.pixels[index]), Float(quilt.pixels[index + 1]), Float(quilt.pixels[index + 2])) / 255
        }
        guard scale > 1 else { return at(x, y) }
        let (column, row) = ((Float(x) + 0.5) / scale - 0.5, (Float(y) + 0.5) / scale - 0.5)
        let (left, top) = (column.rounded(.down), row.rounded(.down))
        let (horizontal, vertical) = (Self.spline(column - left), Self.spline(row - top))
        var sum = SIMD3<Float>.zero
        for j in 0..<4 {
            var line = SIMD3<Float>.zero
            for i in 0..<4 { line += at(Int(left) + i - 1, Int(top) + j - 1) * horizontal[i] }
            sum += line * vertical[j]
        }
        return sum
    }

    private static func spline(_ t: Float) -> SIMD4<Float> {
        let (square, cube) = (t * t, t * t * t)
        return SIMD4(
            -t + 2 * square - cube, 2 - 5 * square + 3 * cube, t + 4 * square - 3 * cube, cube - square) / 2
    }
}

extension [Bool] {
    /// Also true where a neighbour within two places is: splines look that far.
    fileprivate func grown(_ width: Int, _ height: Int) -> [Bool] {
        var across = self
        for index in indices where self[index] {
            let x = index % width
            for near in Swift.max(x - 2, 0)...Swift.min(x + 2, width - 1) { across[index - x + near] = true }
        }
        var result = across
        for index in indices where across[index] {
            let y = index / width
            for near in Swift.max(y - 2, 0)...Swift.min(y + 2, height - 1) { result[index + (near - y) * width] = true }
        }
        return result
    }
}
