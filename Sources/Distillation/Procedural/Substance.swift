/// What a surface is made of, as the captions call it.
package enum Substance: String, CaseIterable, Sendable {
    case bark, blinds, books, brick, ceramic, checks, concrete, curtain, fabric, foliage, fur, glaze, grass
    case gravel, leather, lichen, metal, moss, paint, paper, pavement, plaid, planks, plaster, rock, rust, sand
    case shingle, siding, skin, sky, snow, soil, steps, stone, stripes, tile, water, wood
    case corrugatedMetal = "corrugated metal"
    case facade = "windows"
    case peelingPaint = "peeling paint"
    case snowyRock = "snowy rock"
    case turnedWood = "turned wood"

    /// What suits walls; a substance that is named twice is used twice as often.
    static let walls: [Substance] = [
        .plaster, .brick, .tile, .wood, .concrete, .stone, .paint, .paint, .metal, .facade, .planks, .curtain,
        .bark, .shingle, .rock, .peelingPaint, .moss, .blinds, .siding, .books, .lichen, .corrugatedMetal,
    ]

    /// What suits floors and grounds.
    static let grounds: [Substance] = [
        .grass, .sand, .gravel, .soil, .pavement, .wood, .water, .snow, .concrete, .planks, .tile, .fabric,
        .moss, .steps, .lichen, .grass, .gravel,
    ]

    /// What suits things.
    static let objects: [Substance] = [
        .paint, .paint, .paint, .ceramic, .ceramic, .wood, .fabric, .metal, .stone, .plaster, .leather, .paper,
        .stripes, .checks, .fur, .skin, .foliage, .plaid, .concrete, .rust, .turnedWood, .glaze, .glaze,
        .stone, .moss,
    ]

    /// What has next to no texture.
    static let soft: [Substance] = [.paint, .ceramic, .skin, .paper, .ceramic, .paint, .plaster]
}
