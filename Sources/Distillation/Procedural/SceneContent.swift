/// What a place of a scene shows: a material, or a thing that has a name of its own.
///
/// Scenes keep one for every pixel (`SyntheticScene.labels`), so that the caption of a crop can say what lies under its
/// hole.
public enum SceneContent: UInt8, CaseIterable, Sendable, Codable {
    /// Nothing that has a name.
    case unnamed
    // Materials, as `Substance` has them.
    case bark, blinds, books, brick, ceramic, checks, concrete, curtain, fabric, foliage, fur, glaze, grass
    case gravel, leather, lichen, metal, moss, paint, paper, pavement, plaid, planks, plaster, rock, rust, sand
    case shingle, siding, skin, sky, snow, soil, steps, stone, stripes, tile, water, wood
    case corrugatedMetal, facade, peelingPaint, snowyRock, turnedWood
    // Things.
    case blurred, branch, clouds, coffee, fence, flower, lamp, leaves, letters, pebbles, pole, stem, wall, wire

    /// What people write when they mean it, the plainest form first.
    public var phrases: [String] {
        switch self {
        case .unnamed: []
        case .bark: ["tree bark", "the bark of a tree", "bark"]
        case .blinds: ["blinds", "window blinds"]
        case .books: ["books", "a shelf of books"]
        case .brick: ["a brick wall", "bricks", "brick"]
        case .ceramic: ["ceramic", "smooth ceramic"]
        case .checks: ["a checked pattern", "checks"]
        case .concrete: ["concrete", "a concrete wall", "bare concrete"]
        case .curtain: ["a curtain", "a curtain in folds"]
        case .fabric: ["fabric", "woven cloth", "cloth"]
        case .foliage: ["foliage", "green leaves", "a bush", "trees"]
        case .fur: ["fur", "the fur of an animal"]
        case .glaze: ["glaze", "glazed pottery"]
        case .grass: ["grass", "a lawn", "a meadow"]
        case .gravel: ["gravel", "small stones"]
        case .leather: ["leather"]
        case .lichen: ["lichen on stone", "lichen"]
        case .metal: ["metal", "brushed metal", "steel"]
        case .moss: ["moss", "moss on earth"]
        case .paint: ["a painted surface", "paint", "a plain surface"]
        case .paper: ["paper", "a sheet of paper"]
        case .pavement: ["pavement", "paving stones"]
        case .plaid: ["plaid", "plaid cloth"]
        case .planks: ["wooden planks", "planks", "boards"]
        case .plaster: ["plaster", "a plaster wall"]
        case .rock: ["rock", "a rock face"]
        case .rust: ["rust", "rusty metal"]
        case .sand: ["sand", "a sandy beach"]
        case .shingle: ["roof shingle", "roof tiles", "a roof"]
        case .siding: ["wall siding", "siding"]
        case .skin: ["skin"]
        case .sky: ["sky", "the sky", "a clear sky"]
        case .snow: ["snow"]
        case .soil: ["soil", "earth", "bare soil"]
        case .steps: ["steps", "a flight of steps"]
        case .stone: ["stone", "a stone wall", "stones"]
        case .stripes: ["stripes", "a striped pattern"]
        case .tile: ["tiles", "a tile floor", "a tile wall"]
        case .water: ["water", "rippled water", "the sea"]
        case .wood: ["wood", "a wooden board", "wood grain"]
        case .corrugatedMetal: ["corrugated metal"]
        case .facade: ["windows", "a house front with windows", "a building"]
        case .peelingPaint: ["peeling paint", "old paint"]
        case .snowyRock: ["snowy rock", "snow on rock"]
        case .turnedWood: ["turned wood", "wood with rings"]
        case .blurred: ["a blurred background", "something out of focus"]
        case .branch: ["a branch", "tree branches"]
        case .clouds: ["clouds", "a cloudy sky"]
        case .coffee: ["coffee"]
        case .fence: ["a fence"]
        case .flower: ["a flower", "flowers"]
        case .lamp: ["a lamp", "a bright lamp"]
        case .leaves: ["leaves", "fallen leaves"]
        case .letters: ["letters", "writing"]
        case .pebbles: ["pebbles", "a pile of pebbles"]
        case .pole: ["a pole"]
        case .stem: ["a stem", "a blade of grass"]
        case .wall: ["a plain wall", "a wall", "an even wall"]
        case .wire: ["a wire"]
        }
    }

    /// What people may also write when they mean it; captions do not.
    public var synonyms: [String] {
        switch self {
        case .books: ["a bookshelf", "bookcase"]
        case .brick: ["brickwork", "masonry"]
        case .checks: ["a chessboard", "checkered", "checkerboard"]
        case .concrete: ["cement", "asphalt", "tarmac"]
        case .curtain: ["drapes", "drapery"]
        case .fabric: ["textile", "linen", "canvas", "a carpet", "a rug"]
        case .facade: ["apartments", "a facade", "an office building"]
        case .foliage: ["leaves", "leaf", "a hedge", "bushes", "a forest", "shrubs", "ivy"]
        case .fur: ["hair", "fleece"]
        case .grass: ["turf", "a field of grass"]
        case .gravel: ["pebbles", "shingle beach", "crushed stone"]
        case .metal: ["iron", "aluminium", "aluminum"]
        case .paper: ["cardboard"]
        case .pavement: ["cobblestones", "cobble", "paving", "a sidewalk"]
        case .plaid: ["tartan", "gingham"]
        case .planks: ["a wooden floor", "a wood floor", "floorboards", "parquet", "a deck"]
        case .plaster: ["stucco"]
        case .rock: ["a cliff", "a boulder"]
        case .sand: ["a beach", "a dune", "the desert"]
        case .siding: ["clapboard", "weatherboard"]
        case .soil: ["dirt", "mud"]
        case .steps: ["stairs", "a staircase", "stairway"]
        case .stone: ["granite"]
        case .water: ["the ocean", "a lake", "a river", "waves", "a pond"]
        case .wood: ["timber"]
        default: []
        }
    }

    /// The plainest phrase.
    public var name: String { phrases.first ?? "" }

    /// Whether one colour says something about it.
    var hasColour: Bool {
        switch self {
        case .unnamed, .books, .checks, .plaid, .stripes, .facade, .snow, .snowyRock, .coffee, .lamp, .blurred: false
        default: true
        }
    }

    /// How far its hue may be turned, in radians to either side, without making it something else.
    var hueRange: Float {
        switch self {
        case .blinds, .books, .ceramic, .checks, .curtain, .fabric, .glaze, .leather, .paint, .paper, .plaid, .plaster,
            .siding, .stripes, .tile, .corrugatedMetal, .facade, .peelingPaint:
            .pi
        case .shingle, .metal, .concrete, .pavement: 0.5
        default: 0.15
        }
    }

    /// What can fill a whole picture, see `SceneGenerator.swatch(of:seed:width:height:)`.
    public static let materials: [SceneContent] = Substance.allCases.map(\.content)
}

extension Substance {
    /// The materials stand first among the contents, in the order of the substances.
    private static let contents: [Substance: SceneContent] = {
        let named = allCases.indices.map { SceneContent(rawValue: UInt8($0 + 1)) ?? .unnamed }
        return Dictionary(uniqueKeysWithValues: zip(allCases, named))
    }()

    package var content: SceneContent { Self.contents[self] ?? .unnamed }

    /// The substance that makes a content; nil for things.
    package init?(_ content: SceneContent) {
        guard let substance = Self.contents.first(where: { $0.value == content })?.key else { return nil }
        self = substance
    }
}
