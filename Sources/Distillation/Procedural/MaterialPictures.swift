/// Pictures of the generator's materials for a model's texture memory: such as show the material clearly, in different
/// colours.
public enum MaterialPictures {
    /// Pictures that are drawn of each material to choose from, for each that is wanted.
    private static let candidates = 16
    /// Pixels over which a texture has to vary to be one.
    private static let windows = [3, 12]
    /// Pixels of a drawing for one of a picture, in each direction: finer and sharper than drawings are.
    private static let shrinking = 2

    /// Draws pictures of one material: of many candidates some with much contrast over small distances, and of these
    /// such as differ most in colour.
    ///
    /// - Parameters:
    ///   - content: one of `SceneContent.materials`.
    ///   - count: how many.
    ///   - size: side in pixels.
    ///   - seed: of the drawings.
    /// - Returns: `[size, size, 3]` each.
    public static func drawn(of content: SceneContent, count: Int, size: Int, seed: UInt64) -> [[UInt8]] {
        let side = size * shrinking
        var found = (0..<candidates * count).map { number in
            let own = seed &+ UInt64(content.rawValue) << 32 &+ UInt64(number)
            let pixels = SceneGenerator().plainSwatch(of: content, seed: own, width: side, height: side)
            return Candidate(
                TrainingPhoto(width: side, height: side, pixels: pixels).scaledDown(toLongerSide: size), size: size)
        }
        // Bark may be green in a scene, but it is not what people have in mind; nor are glaring colours of cloth.
        if let usual = Self.median(found.map(\.mean)) {
            found.sort { Self.difference($0.mean, usual) < Self.difference($1.mean, usual) }
            found = Array(found.prefix(max(found.count * (content.hueRange < 1 ? 3 : 4) / 6, count)))
        }
        // Those with most contrast of all are freaks.
        found.sort { $0.merit > $1.merit }
        var rest = Array(found.dropFirst(found.count / 6).prefix(max(found.count / 3, count)))
        var chosen: [Candidate] = []
        while chosen.count < count, !rest.isEmpty {
            func distance(_ candidate: Candidate) -> Float {
                chosen.map { Self.difference($0.mean, candidate.mean) }.min() ?? 0
            }
            let next = chosen.isEmpty ? 0 : rest.indices.max { distance(rest[$0]) < distance(rest[$1]) } ?? 0
            chosen.append(rest.remove(at: next))
        }
        return chosen.map(\.pixels)
    }

    /// The middle of a photo of one material, as large as fits in it; nil where it is smaller than `size`.
    ///
    /// - Parameters:
    ///   - photo: shows nothing else there.
    ///   - size: side in pixels.
    /// - Returns: `[size, size, 3]`.
    public static func picture(of photo: TrainingPhoto, size: Int) -> [UInt8]? {
        let side = min(photo.width, photo.height)
        return side < size ? nil : levelled(photo.middle(side).scaledDown(toLongerSide: size).pixels, size)
    }

    private static func median(_ colors: [SIMD3<Float>]) -> SIMD3<Float>? {
        guard !colors.isEmpty else { return nil }
        var result = SIMD3<Float>.zero
        for channel in 0..<3 { result[channel] = colors.map { $0[channel] }.sorted()[colors.count / 2] }
        return result
    }

    private static func difference(_ a: SIMD3<Float>, _ b: SIMD3<Float>) -> Float {
        abs(a.x - b.x) + abs(a.y - b.y) + abs(a.z - b.z)
    }

    /// Without the light that falls off over the whole of it: it would come again with every piece.
    private static func levelled(_ pixels: [UInt8], _ size: Int) -> [UInt8] {
        var result = pixels
        let middle = Float(size - 1) / 2
        // Of a plane fitted to the picture: places from the middle are independent of each other.
        let spread = Float(size) * (0..<size).reduce(Float(0)) { $0 + (Float($1) - middle) * (Float($1) - middle) }
        for channel in 0..<3 {
            var slope = SIMD2<Float>.zero
            for y in 0..<size {
                for x in 0..<size {
                    let place = SIMD2(Float(x) - middle, Float(y) - middle)
                    slope += place * Float(pixels[3 * (y * size + x) + channel]) / spread
                }
            }
            for y in 0..<size {
                for x in 0..<size {
                    let at = 3 * (y * size + x) + channel
                    let place = SIMD2(Float(x) - middle, Float(y) - middle)
                    result[at] = UInt8(min(max(Float(pixels[at]) - (slope * place).sum(), 0), 255).rounded())
                }
            }
        }
        return result
    }

    private struct Candidate {
        let pixels: [UInt8]
        var mean = SIMD3<Float>.zero
        /// Contrast, that of a bright picture being worth more: pictures are dimmed better than lit up.
        var merit: Float { contrast * (64 + (mean.x + mean.y + mean.z) / 3) }
        /// Mean difference of places that lie a window apart, summed over windows.
        var contrast: Float = 0

        init(_ picture: TrainingPhoto, size: Int) {
            pixels = levelled(picture.pixels, size)
            for index in 0..<size * size {
                for channel in 0..<3 { mean[channel] += Float(pixels[3 * index + channel]) }
            }
            mean /= Float(size * size)
            for window in windows {
                var (sum, count): (Float, Float) = (0, 0)
                for y in stride(from: 0, to: size - window, by: 2) {
                    for x in stride(from: 0, to: size - window, by: 2) {
                        let (here, there) = (3 * (y * size + x), 3 * ((y + window) * size + x + window))
                        for channel in 0..<3 {
                            sum += abs(Float(pixels[here + channel]) - Float(pixels[there + channel]))
                        }
                        count += 3
                    }
                }
                contrast += sum / max(count, 1)
            }
        }
    }
}
