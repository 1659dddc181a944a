extension Mapping {
    /// The perspective mapping that carries a quadrilateral of the picture onto 0...`across` by 0...`down` units.
    ///
    /// Corners in the order (0, 0), (across, 0), (across, down), (0, down); nil where they do not span an area.
    /// Source: Heckbert, Fundamentals of Texture Mapping and Image Warping (1989), section 2.2.3.
    static func onto(_ corners: [SIMD2<Float>], across: Float = 1, down: Float = 1) -> Mapping? {
        let (p0, p1, p2, p3) = (corners[0], corners[1], corners[2], corners[3])
        let d1 = p1 - p2
        let d2 = p3 - p2
        let sum = p0 - p1 + p2 - p3
        let area = d1.x * d2.y - d2.x * d1.y
        if abs(area) < 1e-3 { return nil }
        let g = (sum.x * d2.y - d2.x * sum.y) / area
        let h = (d1.x * sum.y - sum.x * d1.y) / area
        // Columns of the matrix from the unit square to the picture.
        let a = SIMD3(p1.x - p0.x + g * p1.x, p1.y - p0.y + g * p1.y, g)
        let b = SIMD3(p3.x - p0.x + h * p3.x, p3.y - p0.y + h * p3.y, h)
        let c = SIMD3(p0.x, p0.y, 1)
        // Rows of its inverse, up to a factor.
        var u = cross(b, c)
        var v = cross(c, a)
        var w = cross(a, b)
        let scale = w.x * p0.x + w.y * p0.y + w.z
        if abs(scale) < 1e-9 { return nil }
        u *= across / scale
        v *= down / scale
        w *= 1 / scale
        return Mapping(u: u, v: v, w: w)
    }

    private static func cross(_ a: SIMD3<Float>, _ b: SIMD3<Float>) -> SIMD3<Float> {
        SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
    }
}
