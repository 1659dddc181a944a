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

    /// What its pixels are called.
    var content: SceneContent { Substance(rawValue: word)?.content ?? .unnamed }
}

extension Layer {
    /// Paints a surface where the stencil is inside. See `paint(_:_:in:shading:softness:opacity:as:)`.
    /// - Parameter content: what to call it; nil for the surface's own content.
    mutating func paint(
        _ surface: Surface, in stencil: Stencil, shading: Shading = .flat, softness: Float = 1, opacity: Float = 1,
        as content: SceneContent? = nil
    ) {
        func lay<M: Material>(_ material: M) {
            paint(
                material, surface.mapping, in: stencil, shading: shading, softness: softness, opacity: opacity,
                as: content ?? surface.content)
        }
        switch surface.kind {
        case .plain(let m): lay(m)
        case .rough(let m): lay(m)
        case .wood(let m): lay(m)
        case .course(let m): lay(m)
        case .stripe(let m): lay(m)
        case .weave(let m): lay(m)
        case .cell(let m): lay(m)
        case .strand(let m): lay(m)
        case .water(let m): lay(m)
        case .cloud(let m): lay(m)
        case .brushed(let m): lay(m)
        case .facade(let m): lay(m)
        case .fold(let m): lay(m)
        case .ring(let m): lay(m)
        case .patch(let m): lay(m)
        case .slat(let m): lay(m)
        }
    }
}
