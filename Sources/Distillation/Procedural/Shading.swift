/// How light falls on a painted figure.
struct Shading {
    /// Light over the figure: 1 at the centre, changing by this much per pixel.
    var gradientX: Float = 0
    var gradientY: Float = 0
    var centreX: Float = 0
    var centreY: Float = 0
    /// Width in pixels over which the figure bends away at its edge; 0 is flat.
    var roundness: Float = 0
    /// Direction towards the light.
    var light = SIMD3<Float>(-0.5, -0.6, 0.62)
    /// Light that comes from everywhere, 0...1.
    var ambient: Float = 0.5
    /// Strength and narrowness of the highlight on a rounded figure.
    var specular: Float = 0
    var gloss: Float = 20
    /// Darkening (positive) or brightening at the very edge, and its width in pixels.
    var rim: Float = 0
    var rimWidth: Float = 2

    static let flat = Shading()
}

/// Where a material's coordinates lie in the picture.
struct Mapping {
    /// Rows of the matrix from picture to material coordinates, w last (perspective where it is not 1).
    var u: SIMD3<Float>
    var v: SIMD3<Float>
    var w: SIMD3<Float>
    /// Bends the material: amplitude in units and the noise that does it.
    var warp: Float = 0
    var warpScale: Float = 1

    /// `scale` pixels per unit, turned by `angle` around (x, y).
    static func turned(scale: Float, angle: Float = 0, x: Float = 0, y: Float = 0) -> Mapping {
        let c = PortableMath.cos(angle) / scale
        let s = PortableMath.sin(angle) / scale
        return Mapping(u: SIMD3(c, s, -c * x - s * y), v: SIMD3(-s, c, s * x - c * y), w: SIMD3(0, 0, 1))
    }

    /// Stretches the material along its own axes.
    func stretched(_ x: Float, _ y: Float) -> Mapping {
        var copy = self
        copy.u *= 1 / x
        copy.v *= 1 / y
        return copy
    }

    /// A plane that recedes along a direction of the picture: `tilt` is the relative growth of the scale per pixel.
    func receding(tiltX: Float, tiltY: Float, x: Float, y: Float) -> Mapping {
        var copy = self
        copy.w = SIMD3(tiltX, tiltY, 1 - tiltX * x - tiltY * y)
        return copy
    }
}

extension Layer {
    /// Paints a material where the stencil is inside.
    ///
    /// - Parameters:
    ///   - softness: width of the edge in pixels (1 is sharp).
    ///   - opacity: 0...1.
    ///   - content: what to call the pixels that it mostly covers; nil to leave their names.
    mutating func paint<M: Material>(
        _ material: M, _ mapping: Mapping, in stencil: Stencil, shading: Shading, softness: Float = 1,
        opacity: Float = 1, as content: SceneContent? = nil
    ) {
        let x0 = max(stencil.minX, 0)
        let x1 = min(stencil.minX + stencil.width, width)
        let y0 = max(stencil.minY, 0)
        let y1 = min(stencil.minY + stencil.height, height)
        if x0 >= x1 || y0 >= y1 { return }
        let width = width
        let sharp = 1 / max(softness, 0.7)
        let half = SIMD3(shading.light.x, shading.light.y, shading.light.z + 1)
        let halfUnit = half / ((half * half).sum()).squareRoot()
        let name = labels.isEmpty ? nil : content?.rawValue
        // Taken out while the pixels are borrowed; put back at the end.
        var labels: [UInt8] = []
        swap(&labels, &self.labels)
        defer { swap(&labels, &self.labels) }
        pixels.withUnsafeMutableBufferPointer { image in
            stencil.distances.withUnsafeBufferPointer { distances in
                for y in y0..<y1 {
                    let line = (y - stencil.minY) * stencil.width - stencil.minX
                    let py = Float(y) + 0.5
                    for x in x0..<x1 {
                        let d = distances[line + x]
                        let coverage = PortableMath.clamp(0.5 - d * sharp)
                        if coverage <= 0 { continue }
                        let px = Float(x) + 0.5
                        let depth = max(mapping.w.x * px + mapping.w.y * py + mapping.w.z, 0.02)
                        let inverse = 1 / depth
                        var u = (mapping.u.x * px + mapping.u.y * py + mapping.u.z) * inverse
                        var v = (mapping.v.x * px + mapping.v.y * py + mapping.v.z) * inverse
                        let stepU = abs(mapping.u.x - u * mapping.w.x) + abs(mapping.u.y - u * mapping.w.y)
                        let stepV = abs(mapping.v.x - v * mapping.w.x) + abs(mapping.v.y - v * mapping.w.y)
                        let footprint = (0.5 * (stepU + stepV)) * inverse
                        if mapping.warp > 0 {
                            let wave = mapping.warpScale
                            let bend = mapping.warp
                            let du =
                                PortableMath.sin(v * wave + 1.3) + 0.5 * PortableMath.sin(2.3 * v * wave + u * wave)
                            let dv =
                                PortableMath.sin(u * wave + 4.1) + 0.5 * PortableMath.sin(1.9 * u * wave - v * wave)
                            u += bend * du
                            v += bend * dv
                        }
                        var color = material.color(u, v, footprint)
                        var light =
                            1 + shading.gradientX * (px - shading.centreX) + shading.gradientY * (py - shading.centreY)
                        var gleam: Float = 0
                        if shading.roundness > 0 {
                            let last = stencil.width - 1
                            let sx = x - stencil.minX
                            let gx = distances[line + x + (sx < last ? 1 : 0)] - distances[line + x - (sx > 0 ? 1 : 0)]
                            let sy = y - stencil.minY
                            let below = sy < stencil.height - 1 ? stencil.width : 0
                            let above = sy > 0 ? stencil.width : 0
                            let gy = distances[line + x + below] - distances[line + x - above]
                            let slope = max((gx * gx + gy * gy).squareRoot(), 1e-4)
                            let lean = PortableMath.clamp(1 + min(d, 0) / shading.roundness)
                            let nx = gx / slope * lean
                            let ny = gy / slope * lean
                            let nz = max(1 - lean * lean, 0).squareRoot()
                            let lambert = max(nx * shading.light.x + ny * shading.light.y + nz * shading.light.z, 0)
                            light *= shading.ambient + (1 - shading.ambient) * lambert * 1.3
                            if shading.specular > 0 {
                                let facing = nx * halfUnit.x + ny * halfUnit.y + nz * halfUnit.z
                                if facing > 0.6 {
                                    gleam = shading.specular * PortableMath.exp((facing - 1) * shading.gloss * 2)
                                }
                            }
                        }
                        if shading.rim != 0 {
                            let near = d / shading.rimWidth
                            light *= 1 - shading.rim / (1 + near * near)
                        }
                        color = color.lit(max(light, 0)) + Pixel(gleam, gleam, gleam, 0)
                        let alpha = coverage * opacity
                        let index = y * width + x
                        image[index] = color * alpha + image[index] * (1 - alpha * color.w)
                        if let name, alpha * color.w > 0.5 { labels[index] = name }
                    }
                }
            }
        }
    }

    /// Darkens what is below the stencil's figure: a shadow with soft edges, moved by whole pixels.
    mutating func shade(_ stencil: Stencil, moveX: Int, moveY: Int, softness: Float, opacity: Float) {
        let x0 = max(stencil.minX + moveX, 0)
        let x1 = min(stencil.minX + moveX + stencil.width, width)
        let y0 = max(stencil.minY + moveY, 0)
        let y1 = min(stencil.minY + moveY + stencil.height, height)
        if x0 >= x1 || y0 >= y1 { return }
        let width = width
        let keep = Pixel(0.02, 0.02, 0.03, 1)
        pixels.withUnsafeMutableBufferPointer { image in
            stencil.distances.withUnsafeBufferPointer { distances in
                for y in y0..<y1 {
                    let line = (y - moveY - stencil.minY) * stencil.width - stencil.minX - moveX
                    for x in x0..<x1 {
                        let t = PortableMath.clamp(0.5 - distances[line + x] / softness)
                        if t <= 0 { continue }
                        let alpha = t * t * (3 - 2 * t) * opacity
                        let index = y * width + x
                        image[index] = image[index] * (1 - alpha) + keep * (alpha * image[index].w)
                    }
                }
            }
        }
    }
}
