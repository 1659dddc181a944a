import BusTransport

/// The options of `Manager.Inpaint`, typed. What is nil is left to the daemon.
public struct InpaintOptions: Sendable, Equatable {
    /// A rectangle in pixels of the upright photo, from its top left corner.
    public struct Box: Sendable, Equatable {
        public var x, y, width, height: Int32

        public init(x: Int32, y: Int32, width: Int32, height: Int32) {
            self.x = x
            self.y = y
            self.width = width
            self.height = height
        }
    }

    /// A corner of a polygon: (0, 0) is the top left corner of the upright photo's first pixel.
    public struct Point: Sendable, Equatable {
        public var x, y: Int32

        public init(x: Int32, y: Int32) {
            self.x = x
            self.y = y
        }
    }

    /// The most pixels that a small picture may have across and down.
    public struct PreviewSize: Sendable, Equatable {
        public var width, height: UInt32

        public init(width: UInt32, height: UInt32) {
            self.width = width
            self.height = height
        }
    }

    public var steps: UInt32?
    public var seed: UInt64?
    public var feather: UInt32?
    public var dilate: UInt32?
    public var prompt: String?
    public var guidance: Double?
    public var variants: UInt32?
    public var detail: Bool?
    public var box: [Box] = []
    public var polygon: [[Point]] = []
    public var invert = false
    public var fitMask = false
    public var compare = false
    public var preview: PreviewSize?
    public var handleToken: String?
    public var detach = false

    public init() {}

    /// Name, type and meaning of each option, in the order of the documentation.
    public static let specification: [(name: String, type: BusType, summary: String)] = [
        ("steps", .uint32, "denoising steps, 1 to 64; the model's own default where not given"),
        ("seed", .uint64, "start of the random numbers; same input and seed, same bytes; random where not given"),
        ("feather", .uint32, "width in pixels of the soft edge of the mask, 0 to 256"),
        ("dilate", .uint32, "pixels by which the mask grows first, 0 to 256"),
        (
            "box", .array(boxType),
            "rectangles x, y, width, height in pixels of the upright photo, filled like white mask"
        ),
        (
            "polygon", .array(polygonType),
            "polygons, each of 3 or more corners x, y in pixels of the upright photo, filled like white mask; for Inpaint"
        ),
        ("invert", .bool, "fill what the mask, the rectangles and the polygons leave out; for Inpaint"),
        ("fit_mask", .bool, "scale a mask of another size to the photo's instead of refusing it; for Inpaint"),
        ("compare", .bool, "also make one PNG: photo with hole, classical fill, ours and original, side by side"),
        (
            "preview", previewType,
            "also give small pictures as raw pixels, for programs that read no image format: the place of the fill, with "
                + "what is around it, scaled down to at most this width and height, 1 to 4096; before, and after of each "
                + "variant"
        ),
        ("prompt", .string, "what to fill in; models with a text encoder only"),
        ("guidance", .double, "how strictly to follow the prompt, 0 to 30; models with a text encoder only"),
        (
            "detail", .bool,
            "whether thick holes get the texture of their surroundings; where not given, they do if steps is not given, "
                + "and large holes, which the model fills at a coarser resolution, always do"
        ),
        (
            "variants", .uint32,
            "how many different fills, 1 to 8; more than 1 takes 2 steps or more, 4 or the model's default where steps "
                + "is not given; fill N, from 0 on, has the seed plus N"
        ),
        (
            "handle_token", .string,
            "last element of the job's path, which becomes jobs/SENDER/TOKEN with SENDER as in desktop portals; "
                + "1 to 64 of A-Z a-z 0-9 _, and with detach at least 22, because there the path is the key"
        ),
        ("detach", .bool, "keep the job when the caller leaves the bus; its result then waits ten minutes"),
    ]

    private static let boxType: BusType = .structure([.int32, .int32, .int32, .int32])
    private static let previewType: BusType = .structure([.uint32, .uint32])
    private static let pointType: BusType = .structure([.int32, .int32])
    private static let polygonType: BusType = .array(pointType)

    /// No mask is wanted.
    public var hasShapes: Bool { !box.isEmpty || !polygon.isEmpty }

    static var documentation: String {
        specification.map { "\($0.name) \($0.type.signature): \($0.summary)." }.joined(separator: "\n")
    }
}

extension InpaintOptions {
    /// Reads the options of a call.
    ///
    /// - Throws: `RefineError` with code `invalidArgument` that names an option that does not exist or has another type.
    public init(_ value: BusValue) throws(RefineError) {
        guard let options = value.options else {
            throw RefineError(.invalidArgument, "options", "wrong-type", "the options are not an a{sv}")
        }
        // In the order of the names, so that the same call always gets the same answer.
        for (name, value) in options.sorted(by: { $0.key < $1.key }) {
            guard let known = Self.specification.first(where: { $0.name == name }) else {
                throw RefineError(
                    .invalidArgument, Self.printable(name), "unknown-option",
                    "there is no option of this name",
                    remedy: "leave it out; known are " + Self.specification.map(\.name).joined(separator: ", "))
            }
            guard value.type == known.type else {
                throw RefineError(
                    .invalidArgument, name, "wrong-type",
                    "the option is of type '\(value.type.signature)' and must be '\(known.type.signature)'",
                    remedy: "send it as '\(known.type.signature)'")
            }
        }
        steps = options["steps"]?.content()
        seed = options["seed"]?.content()
        feather = options["feather"]?.content()
        dilate = options["dilate"]?.content()
        prompt = options["prompt"]?.content()
        guidance = options["guidance"]?.content()
        variants = options["variants"]?.content()
        detail = options["detail"]?.content()
        compare = options["compare"]?.content() ?? false
        handleToken = options["handle_token"]?.content()
        detach = options["detach"]?.content() ?? false
        invert = options["invert"]?.content() ?? false
        fitMask = options["fit_mask"]?.content() ?? false
        if case .structure(let size) = options["preview"], size.count == 2, case .uint32(let width) = size[0],
            case .uint32(let height) = size[1]
        {
            preview = PreviewSize(width: width, height: height)
        }
        if case .array(_, let boxes) = options["box"] { box = boxes.compactMap(Self.box) }
        if case .array(_, let polygons) = options["polygon"] {
            polygon = polygons.map { value in
                guard case .array(_, let corners) = value else { return [] }
                return corners.compactMap(Self.point)
            }
        }
    }

    private static func box(_ value: BusValue) -> Box? {
        guard case .structure(let fields) = value, fields.count == 4, case .int32(let x) = fields[0],
            case .int32(let y) = fields[1], case .int32(let width) = fields[2], case .int32(let height) = fields[3]
        else { return nil }
        return Box(x: x, y: y, width: width, height: height)
    }

    private static func point(_ value: BusValue) -> Point? {
        guard case .structure(let fields) = value, fields.count == 2, case .int32(let x) = fields[0],
            case .int32(let y) = fields[1]
        else { return nil }
        return Point(x: x, y: y)
    }

    /// A name from outside, short and without control characters, for an error message.
    public static func printable(_ name: String) -> String {
        let kept = name.unicodeScalars.prefix(64).map { $0.isASCII && $0.value > 32 && $0.value < 127 ? $0 : "?" }
        return String(String.UnicodeScalarView(kept))
    }

    /// The options as they travel; what is nil or false is left out.
    public var busValue: BusValue {
        var options: [String: BusValue] = [:]
        options["steps"] = steps?.busValue
        options["seed"] = seed?.busValue
        options["feather"] = feather?.busValue
        options["dilate"] = dilate?.busValue
        options["prompt"] = prompt?.busValue
        options["guidance"] = guidance?.busValue
        options["variants"] = variants?.busValue
        options["detail"] = detail?.busValue
        options["handle_token"] = handleToken?.busValue
        if compare { options["compare"] = .bool(true) }
        if detach { options["detach"] = .bool(true) }
        if invert { options["invert"] = .bool(true) }
        if fitMask { options["fit_mask"] = .bool(true) }
        if let preview { options["preview"] = .structure([.uint32(preview.width), .uint32(preview.height)]) }
        if !polygon.isEmpty {
            options["polygon"] = .array(
                of: Self.polygonType,
                polygon.map { corners in
                    .array(of: Self.pointType, corners.map { .structure([.int32($0.x), .int32($0.y)]) })
                })
        }
        if !box.isEmpty {
            options["box"] = .array(
                of: Self.boxType,
                box.map { .structure([.int32($0.x), .int32($0.y), .int32($0.width), .int32($0.height)]) })
        }
        return .options(options)
    }
}
