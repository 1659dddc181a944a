import Diffusion

extension TextureLayer {
    /// Lays the material into all holes of a finished fill.
    ///
    /// - Parameters:
    ///   - textures: what the prompt calls up.
    ///   - patch: the fill; it changes only where `opacity` is not 0.
    ///   - opacity: of the patch's box.
    ///   - seed: chooses the picture, and what of it is where.
    static func lay(_ textures: PromptedTextures, over patch: inout RasterPatch, opacity: HoleRegion, seed: UInt64) {
        precondition(opacity.box == patch.box, "the opacity is of another box")
        let picture = Picture(textures, seed: seed)
        for hole in opacity.parts(reach: reach) {
            let layer = TextureLayer(picture, hole: hole, seed: seed, fill: patch.color)
            patch.mix(layer.forEachPixel)
        }
    }

    /// The same for a picture in planes.
    ///
    /// - Parameters:
    ///   - textures: what the prompt calls up.
    ///   - planes: `[3, height, width]`, 0...1, the fill; it changes only where `mask` is not 0.
    ///   - mask: `[height, width]`, 255 in the hole.
    ///   - width: of the picture.
    ///   - height: of the picture.
    ///   - seed: as above.
    package static func lay(
        _ textures: PromptedTextures, over planes: inout [Float], mask: [UInt8], width: Int, height: Int, seed: UInt64
    ) {
        let area = width * height
        precondition(planes.count == 3 * area && mask.count == area, "planes of another size")
        let all = HoleRegion(
            box: PixelBox(x: 0, y: 0, width: width, height: height), values: mask, photoWidth: width,
            photoHeight: height)
        let picture = Picture(textures, seed: seed)
        for hole in all.parts(reach: reach) {
            planes.withUnsafeMutableBufferPointer { planes in
                func own(_ x: Int, _ y: Int) -> SIMD3<Float> {
                    let at = y * width + x
                    return SIMD3(planes[at], planes[area + at], planes[2 * area + at])
                }
                TextureLayer(picture, hole: hole, seed: seed, fill: own).forEachPixel { x, y, color, share in
                    let mixed = own(x, y) + (color - own(x, y)) * share
                    for channel in 0..<3 { planes[channel * area + y * width + x] = mixed[channel] }
                }
            }
        }
    }

    /// Holes that are no more pixels apart get one texture.
    private static let reach = 8
}

extension HoleRegion {
    /// Its parts, each with the box around it alone.
    fileprivate func parts(reach: Int) -> [HoleRegion] {
        let components = values.withUnsafeBufferPointer {
            HoleComponent.find(in: $0, width: box.width, height: box.height, reach: reach)
        }
        return components.map { component in
            let own = component.box
            var part = [UInt8](repeating: 0, count: own.width * own.height)
            for run in component.runs {
                for x in run.from..<run.to {
                    part[(run.y - own.y) * own.width + x - own.x] = values[run.y * box.width + x]
                }
            }
            return HoleRegion(
                box: component.moved(x: box.x, y: box.y).box, values: part, photoWidth: photoWidth,
                photoHeight: photoHeight)
        }
    }
}
