import ArgumentParser
import BusTransport
import RefineBus

/// `refinectl inpaint`
struct InpaintCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inpaint",
        abstract: "Fill what a mask, a box or a polygon marks in a photo.",
        discussion: """
            White in the mask is filled, black is kept. The result has the format of the photo. In PNG, TIFF and other \
            lossless formats all pixels outside stay exactly as they are; of a JPEG only the blocks that the fill touches are \
            encoded anew.

            What is white in mask.png, into photo-filled.jpg:

              refinectl inpaint photo.jpg --mask mask.png

            A rectangle, with a soft edge of 4 pixels:

              refinectl inpaint photo.jpg --box 40,60,200,100 --feather 4 -o clean.jpg

            Before and after side by side in a file:

              refinectl inpaint photo.jpg --mask mask.png --compare compare.png

            Before and after in the terminal:

              refinectl inpaint photo.jpg --mask mask.png --show

            Three fills to choose from, photo-filled-1.jpg to -3:

              refinectl inpaint photo.jpg --mask mask.png --variants 3

            Many photos, with masks of the same names in a folder:

              refinectl inpaint photos/*.jpg --mask masks -o 'clean/{name}{ext}'

            Ctrl-C cancels.
            """)

    @Argument(help: ArgumentHelp("Photos to fill.", valueName: "photo"), completion: .file())
    var photos: [String]

    @Option(
        help: ArgumentHelp(
            "An image as large as the photo; white is filled. For several photos a folder with NAME.png, or a template "
                + "with {dir}, {name} and {ext}.",
            valueName: "mask"), completion: .file())
    var mask: String?

    @Option(
        help: ArgumentHelp(
            "A rectangle to fill instead of a mask, in pixels of the upright photo. Can be given several times.",
            valueName: "x,y,w,h"))
    var box: [BoxArgument] = []

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "The corners of a polygon to fill instead of a mask, after the photos. For several polygons put each in quotes.",
            valueName: "x,y x,y x,y ..."))
    var polygon: [PolygonArgument] = []

    @Flag(help: "Fill what the mask, the boxes and the polygon leave out: black is filled, white is kept.")
    var invert = false

    @Flag(help: "Scale a mask of another size to the photo's instead of refusing it.")
    var fitMask = false

    @Option(
        name: [.customShort("o"), .customLong("output")],
        help: ArgumentHelp(
            "Where the result goes: a file, a folder or a template. Beside the photo as NAME-filled.EXT where not given.",
            valueName: "out"), completion: .file())
    var output: String?

    @Option(
        help: ArgumentHelp(
            "What to fill in: a colour, a material (\"red bricks\"); needs a model with a text encoder.",
            valueName: "text"))
    var prompt: String?

    @Option(help: "How strictly to follow the prompt, 0 to 30; needs a model with a text encoder.")
    var guidance: Double?

    @Option(help: "Denoising steps, 1 to 64; the model's own default where not given.")
    var steps: UInt32?

    @Flag(
        inversion: .prefixedNo,
        help: ArgumentHelp(
            "Give thick holes the texture of their surroundings; the default unless --steps is given.",
            discussion: "Without it, the model's own picture: smooth, and closest to the truth in the mean."))
    var detail: Bool?

    @Option(help: "Start of the random numbers: same photo, mask and seed, same result.")
    var seed: UInt64?

    @Option(
        help: ArgumentHelp(
            "How many different fills, 1 to 8, as OUT-1, OUT-2... or where {variant} stands; takes 2 steps or more.",
            valueName: "number"))
    var variants: UInt32?

    @Option(help: ArgumentHelp("Width of the mask's soft edge, 0 to 256.", valueName: "pixels"))
    var feather: UInt32?

    @Option(help: ArgumentHelp("Grow the mask first, 0 to 256.", valueName: "pixels"))
    var dilate: UInt32?

    @Option(
        help: ArgumentHelp(
            "Also write a PNG: photo with hole, classical fill, ours and original, side by side.", valueName: "out.png"),
        completion: .file(extensions: ["png"]))
    var compare: String?

    @Flag(
        help: """
            Show the place of the fill, before and after, in the terminal: by kitty's graphics protocol or sixel where it \
            knows one, else as coloured blocks. Nothing is shown where standard output is no terminal.
            """)
    var show = false

    @Option(
        help: ArgumentHelp(
            "As --show, in one way whatever the terminal says: kitty, sixel or blocks.", valueName: "way"))
    var showAs: PictureShow.Method?

    @Flag(help: "Print one line of JSON per photo.")
    var json = false

    func validate() throws {
        let hasShapes = !box.isEmpty || !polygon.isEmpty
        if mask == nil, !hasShapes {
            throw ValidationError(
                "Nothing says what to fill. Give --mask MASK (white is filled), --box X,Y,W,H or --polygon X,Y X,Y X,Y."
            )
        }
        if mask != nil, hasShapes {
            throw ValidationError("Give --mask, or --box and --polygon, not both.")
        }
        if fitMask, mask == nil {
            throw ValidationError("--fit-mask scales a mask. Give --mask, or leave it out.")
        }
        if json, show || showAs != nil {
            throw ValidationError("--json is for programs, --show for people. Give one of them.")
        }
        if let corners = PolygonArgument.polygons(polygon).first(where: { $0.count < 3 }) {
            throw ValidationError(
                "A polygon of \(corners.count) corners. Give three or more: --polygon X,Y X,Y X,Y.")
        }
    }

    func run() async throws {
        do {
            let plans = try FillPlan.make(
                photos: photos, mask: mask, output: output, compare: compare,
                // More are refused by the daemon, before anything is written.
                variants: Int(min(variants ?? 1, 100)))
            let pictures = show || showAs != nil ? try PictureShow(showAs ?? .auto) : nil
            var options = options
            options.preview = try pictures?.size(of: Int(min(variants ?? 1, 8)) + 1)
            let (chosen, json) = (options, json)
            try await Interrupts.around {
                let bus = try await BusConnection.open(.session())
                try await Self.fill(plans, chosen, json: json, pictures, on: bus)
                await bus.close()
            }
        } catch {
            throw Failure(error).report()
        }
    }

    /// Fills one photo after the other. One that fails does not keep the others from their turn.
    private static func fill(
        _ plans: [FillPlan], _ options: InpaintOptions, json: Bool, _ pictures: PictureShow?,
        on bus: BusConnection
    ) async throws {
        var first: Failure?
        for plan in plans {
            do {
                try await FillRunner(
                    bus: bus, plan: plan, options: options, isLabelled: plans.count > 1, json: json, pictures: pictures
                ).run()
            } catch {
                let failure = Failure(error, photo: plan.photo, mask: plan.mask)
                // With no daemon, or after Ctrl-C, the others would fail in the same way.
                guard plans.count > 1, failure.code != Failure.Code.unavailable, !Task.isCancelled else {
                    throw failure
                }
                _ = failure.report()
                first = first ?? failure
            }
        }
        if let first { throw Failure(first.code, "not all photos were filled", hint: first.hint) }
    }

    private var options: InpaintOptions {
        var options = InpaintOptions()
        options.steps = steps
        options.seed = seed
        options.feather = feather
        options.dilate = dilate
        options.prompt = prompt
        options.guidance = guidance
        options.detail = detail
        options.variants = variants
        options.box = box.map(\.box)
        options.polygon = PolygonArgument.polygons(polygon)
        options.invert = invert
        options.fitMask = fitMask
        options.compare = compare != nil
        return options
    }
}
