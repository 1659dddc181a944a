/// A material with its place in the picture and its words.
struct Surface {
    /// Each material by its own type, so that painting is specialised for it.
    enum Kind {
        case plain(PlainMaterial)
        case rough(RoughMaterial)
        case wood(WoodMaterial)
        case course(CourseMaterial)
        case stripe(StripeMaterial)
        case weave(WeaveMaterial)
        case cell(CellMaterial)
        case strand(StrandMaterial)
        case water(WaterMaterial)
        case cloud(CloudMaterial)
        case brushed(BrushedMaterial)
        case facade(FacadeMaterial)
        case fold(FoldMaterial)
        case ring(RingMaterial)
        case patch(PatchMaterial)
        case slat(SlatMaterial)
    }

    var kind: Kind
    var mapping: Mapping
    /// The material in one or two words, as the caption must contain it.
    var word: String
    /// A main colour, to pick others that differ from it.
    var tone: Pixel
}

extension Layer {
    /// Paints a surface where the stencil is inside. See `paint(_:_:in:shading:softness:opacity:)`.
    mutating func paint(
        _ surface: Surface, in stencil: Stencil, shading: Shading = .flat, softness: Float = 1, opacity: Float = 1
    ) {
        let map = surface.mapping
        switch surface.kind {
        case .plain(let m): paint(m, map, in: stencil, shading: shading, softness: softness, opacity: opacity)
        case .rough(let m): paint(m, map, in: stencil, shading: shading, softness: softness, opacity: opacity)
        case .wood(let m): paint(m, map, in: stencil, shading: shading, softness: softness, opacity: opacity)
        case .course(let m): paint(m, map, in: stencil, shading: shading, softness: softness, opacity: opacity)
        case .stripe(let m): paint(m, map, in: stencil, shading: shading, softness: softness, opacity: opacity)
        case .weave(let m): paint(m, map, in: stencil, shading: shading, softness: softness, opacity: opacity)
        case .cell(let m): paint(m, map, in: stencil, shading: shading, softness: softness, opacity: opacity)
        case .strand(let m): paint(m, map, in: stencil, shading: shading, softness: softness, opacity: opacity)
        case .water(let m): paint(m, map, in: stencil, shading: shading, softness: softness, opacity: opacity)
        case .cloud(let m): paint(m, map, in: stencil, shading: shading, softness: softness, opacity: opacity)
        case .brushed(let m): paint(m, map, in: stencil, shading: shading, softness: softness, opacity: opacity)
        case .facade(let m): paint(m, map, in: stencil, shading: shading, softness: softness, opacity: opacity)
        case .fold(let m): paint(m, map, in: stencil, shading: shading, softness: softness, opacity: opacity)
        case .ring(let m): paint(m, map, in: stencil, shading: shading, softness: softness, opacity: opacity)
        case .patch(let m): paint(m, map, in: stencil, shading: shading, softness: softness, opacity: opacity)
        case .slat(let m): paint(m, map, in: stencil, shading: shading, softness: softness, opacity: opacity)
        }
    }
}
