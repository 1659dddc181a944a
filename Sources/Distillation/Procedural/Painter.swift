/// The state while one scene is painted: canvas, randomness, colours, and the words for the caption.
struct Painter {
    var random: SeededGenerator
    var canvas: Layer
    var notes = SceneNotes()
    let palette: Palette
    let width: Int
    let height: Int
    /// The size in pixels of a usual object.
    let unit: Float
    /// Direction towards the light, shared by all that is painted.
    let light: SIMD3<Float>

    /// How many usual objects fit into the picture, at least 1: counts grow with it, less than the area does.
    let crowd: Float

    var widthF: Float { Float(width) }
    var heightF: Float { Float(height) }

    init(seed: UInt64, width: Int, height: Int) {
        var random = SeededGenerator(seed: seed)
        self.width = width
        self.height = height
        canvas = Layer(width: width, height: height, fill: Pixel(red: 0.2, green: 0.2, blue: 0.2))
        canvas.labels = [UInt8](repeating: SceneContent.unnamed.rawValue, count: width * height)
        palette = Palette(&random)
        // Crops of one photo show objects of one size whatever the size of the crop: only partly follow the picture.
        unit = (0.22 * Float(min(width, height)) + 95) * random.logUniform(0.55...1.7)
        crowd = max(Float(width * height) / (unit * unit), 1).squareRoot()
        let around = random.angle()
        let height = random.uniform(0.35...0.85)
        let flat = (1 - height * height).squareRoot()
        light = SIMD3(PortableMath.cos(around) * flat, -abs(PortableMath.sin(around)) * flat, height)
        self.random = random
    }

    /// A place in the picture, or up to `outside` of its size beyond the border.
    mutating func place(outside: Float = 0.1) -> SIMD2<Float> {
        SIMD2(
            random.uniform((-outside * widthF)...((1 + outside) * widthF)),
            random.uniform((-outside * heightF)...((1 + outside) * heightF)))
    }

    /// A count from `range`, more in pictures that hold more.
    mutating func many(_ range: ClosedRange<Int>) -> Int {
        Int(Float(random.integer(range)) * crowd)
    }

    func stencil<S: Shape>(_ shape: S, margin: Float = 2) -> Stencil {
        Stencil(shape, margin: margin, width: width, height: height)
    }

    var everywhere: Stencil { Stencil(width: width, height: height) }

    /// Light that falls off slowly over the whole picture.
    mutating func slowLight(strength: Float = 0.5) -> Shading {
        let angle = random.angle()
        let slope = strength * random.unit() / max(widthF, heightF)
        var shading = Shading.flat
        shading.gradientX = PortableMath.cos(angle) * slope
        shading.gradientY = PortableMath.sin(angle) * slope
        shading.centreX = widthF / 2
        shading.centreY = heightF / 2
        shading.light = light
        return shading
    }

    /// Shading of a solid thing about `size` pixels wide.
    mutating func solid(size: Float, x: Float, y: Float) -> Shading {
        var shading = Shading.flat
        shading.light = light
        shading.centreX = x
        shading.centreY = y
        let slope = random.uniform(0...0.5) / max(size, 8)
        shading.gradientX = light.x * slope
        shading.gradientY = light.y * slope
        shading.ambient = random.uniform(0.3...0.75)
        switch random.index(weights: [0.3, 0.3, 0.4]) {
        case 0: break
        case 1: shading.roundness = size * random.uniform(0.06...0.25)
        default: shading.roundness = size * random.uniform(0.4...1.1)
        }
        if shading.roundness > 0, random.chance(0.35) {
            shading.specular = random.uniform(0.1...0.8)
            shading.gloss = random.logUniform(6...60)
        }
        if random.chance(0.25) {
            shading.rim = random.uniform(-0.4...0.6)
            shading.rimWidth = random.logUniform(0.8...6)
        }
        return shading
    }
}

/// What a scene shows, collected while it is painted.
package struct SceneNotes {
    var materials: [String] = []
    var background = ""
    var things: [String] = []
    var moods: [String] = []

    mutating func material(_ word: String) {
        if !materials.contains(word) { materials.append(word) }
    }

    /// One sentence that names every material.
    func caption() -> String {
        var counted: [(text: String, count: Int)] = []
        for thing in things {
            if let index = counted.firstIndex(where: { $0.text == thing }) {
                counted[index].count += 1
            } else {
                counted.append((thing, 1))
            }
        }
        let list = counted.map { $0.count > 1 ? Self.several($0.text) : $0.text }
        var sentence = ""
        if list.count == 1 {
            sentence = list[0]
        } else if let last = list.last {
            sentence = list.dropLast().joined(separator: ", ") + " and " + last
        }
        if sentence.isEmpty {
            sentence = background
        } else if !background.isEmpty {
            sentence += " in front of " + background
        }
        let missing = materials.filter { !sentence.contains($0) }
        if !missing.isEmpty { sentence += ", with " + missing.joined(separator: " and ") }
        if !moods.isEmpty { sentence += ", " + moods.joined(separator: ", ") }
        return Self.polished(sentence, colors: !moods.contains(Camera.grayscaleMood))
    }

    /// Says "an" before vowels, and leaves out colours that a grayscale picture does not show.
    private static func polished(_ sentence: String, colors: Bool) -> String {
        var words = sentence.split(separator: " ").map(String.init)
        if !colors { words.removeAll { Palette.hues.contains($0) } }
        for index in words.indices.dropLast() where words[index] == "a" || words[index] == "an" {
            let initial = words[index + 1].first ?? " "
            words[index] = "aeiou".contains(initial) ? "an" : "a"
        }
        return words.joined(separator: " ")
    }

    /// "a red disc" becomes "red disc".
    package static func withoutArticle(_ phrase: String) -> String {
        for article in ["a ", "an ", "the "] where phrase.hasPrefix(article) {
            return String(phrase.dropFirst(article.count))
        }
        return phrase
    }

    /// "a red disc" becomes "several red discs"; the first noun group ends before "of", "with", "in" or "on".
    private static func several(_ phrase: String) -> String {
        var words = phrase.split(separator: " ").map(String.init)
        guard let first = words.first, first == "a" || first == "an" else { return phrase }
        words[0] = "several"
        let stops: Set<String> = ["of", "with", "in", "on", "over", "across"]
        let end = words.firstIndex(where: { stops.contains($0) }) ?? words.count
        let noun = words[end - 1]
        if noun.hasSuffix("s") || noun.hasSuffix("ch") || noun.hasSuffix("x") || noun.hasSuffix("sh") {
            words[end - 1] = noun + "es"
        } else if noun.hasSuffix("leaf") {
            words[end - 1] = String(noun.dropLast()) + "ves"
        } else {
            words[end - 1] = noun + "s"
        }
        return words.joined(separator: " ")
    }
}
