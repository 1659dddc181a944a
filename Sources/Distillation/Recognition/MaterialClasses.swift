/// The materials that the classifier tells apart: those of the generator with a texture or a colour of their own. Paint,
/// paper, plaster, ceramic, skin and glaze are one colour each, and mixtures (moss on rock, peeling paint) are two others.
enum MaterialClasses {
    static let substances: [Substance] = [
        .bark, .blinds, .books, .brick, .checks, .concrete, .corrugatedMetal, .curtain, .fabric, .foliage, .fur, .grass,
        .gravel, .leather, .metal, .pavement, .plaid, .planks, .rock, .rust, .sand, .shingle, .siding, .sky, .snow,
        .soil,
        .steps, .stone, .stripes, .tile, .water, .facade, .wood,
    ]

    /// Their words, as captions have them.
    static let words = substances.map(\.rawValue)
}
