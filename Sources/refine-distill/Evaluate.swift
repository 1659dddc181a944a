import ArgumentParser
import Diffusion
import Distillation
import Foundation
import Layers
import Metrics
import TensorCore

struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure fills of photos: of a model, of files, or of folders.",
        discussion: """
            Either --crops with fixed crops and their holes, filled by --model (at each number of --steps) or taken \
            from --fills; or --references with true pictures, --fills with folders of the same file names, and \
            --masks where only holes count (white = hole).

            PSNR (dB) and SSIM are those of scikit-image, over the holes; psnr_pooled is the PSNR of all hole pixels \
            together; psnr_image and ssim_image, over whole pictures, are in the JSON. SWD is the sliced Wasserstein \
            distance between 7x7 patches of Laplacian pyramids, times 1000: smaller is better. Fills are rounded to \
            8 bits first. Intervals are 95 %, by bootstrap over photos.

            LPIPS, FID and CMMD, over whole pictures, need the published weights of their networks, which \
            scripts/convert-metric-weights converts: lpips-alex.safetensors, lpips-vgg.safetensors, \
            fid-inception.safetensors and cmmd-clip.safetensors in --weights. Without a file its column says so.

            Pictures that cannot be read or have no partner are skipped, counted and listed on standard error.

            EXAMPLES
              refine-distill evaluate --model models/student --crops dev-128.safetensors
              refine-distill evaluate --model models/student --steps 1,4 \\
                --crops dev-256.safetensors --json
              refine-distill evaluate --model models/student --crops dev-128.safetensors \\
                --output fills.safetensors
              refine-distill evaluate --model models/student --crops dev-128.safetensors \\
                --prompt "a brick wall" --output brick.safetensors
              refine-distill evaluate --crops dev-128.safetensors \\
                --fills ours=fills.safetensors
              refine-distill evaluate --references photos --masks masks \\
                --fills ours=filled --fills other=others
            """)

    @Option(help: ArgumentHelp("A model folder that fills the crops.", valueName: "dir")) var model: String?
    @Option(help: ArgumentHelp("Crops as Tests/Peers/make_crops.py writes them.", valueName: "file"))
    var crops: String?
    @Option(help: ArgumentHelp("A folder of true pictures, instead of --crops.", valueName: "dir"))
    var references: String?
    @Option(
        help: ArgumentHelp(
            "Fills to measure, with the name of their row: a safetensors file with \"fills\" [N, 3, H, W] for --crops, "
                + "a folder for --references; may be repeated.", valueName: "name=path"))
    var fills: [String] = []
    @Option(help: ArgumentHelp("A folder of masks for --references; white = hole.", valueName: "dir"))
    var masks: String?
    @Option(help: ArgumentHelp("Denoising steps; several numbers give several rows.", valueName: "n,n"))
    var steps = "1"
    @Option(help: "Of the noise.") var seed: UInt64 = 0
    @Option(help: "How many coarser resolutions deep holes are filled at first.") var coarseLevels = CoarseToFine.most
    @Option(help: ArgumentHelp("What the model is asked to fill in, for every crop.", valueName: "text"))
    var prompt: String?
    @Option(help: ArgumentHelp("How strictly to follow the prompt; the model's own where left out.", valueName: "n"))
    var guidance: Float?
    @Flag(
        help:
            "Also give thick holes the texture of their surroundings, as refined does: rows of their own, and --output."
    )
    var detail = false
    @Option(
        help: ArgumentHelp(
            "Write the model's fills (of the first number of steps) here: safetensors with \"fills\" and \"prefills\".",
            valueName: "file"))
    var output: String?
    @Option(
        help: ArgumentHelp(
            "Weights of LPIPS, FID and CMMD; $XDG_DATA_HOME/refine-control/metrics where left out.", valueName: "dir"))
    var weights: String?
    @Flag(help: "Print JSON instead of tables.") var json = false

    func validate() throws {
        guard (0...CoarseToFine.most).contains(coarseLevels) else {
            throw ValidationError("--coarse-levels is \(coarseLevels); give 0 to \(CoarseToFine.most)")
        }
        guard (crops == nil) != (references == nil) else {
            throw ValidationError("Give either --crops FILE or --references DIR.")
        }
        if crops != nil {
            guard model != nil || !fills.isEmpty else { throw ValidationError("Give --model or --fills to measure.") }
            guard masks == nil else {
                throw ValidationError("--masks goes with --references; crops bring their holes.")
            }
        } else {
            guard !fills.isEmpty else { throw ValidationError("Give --fills NAME=DIR to measure.") }
            guard model == nil, output == nil, prompt == nil else {
                throw ValidationError("--model, --prompt and --output go with --crops.")
            }
        }
        _ = try stepCounts()
    }

    private func stepCounts() throws -> [Int] {
        let counts = steps.split(separator: ",").map { Int($0) ?? 0 }
        guard !counts.isEmpty, counts.allSatisfy({ (1...64).contains($0) }) else {
            throw ValidationError("--steps takes numbers from 1 to 64, such as 1 or 1,4.")
        }
        return counts
    }

    /// NAME=PATH, or a path whose last part is the name.
    private var namedFills: [(name: String, path: String)] {
        fills.map { text in
            guard let sign = text.firstIndex(of: "=") else {
                return ((text as NSString).lastPathComponent, text)
            }
            return (String(text[..<sign]), String(text[text.index(after: sign)...]))
        }
    }

    func run() throws {
        let report = try crops.map(reportOnCrops) ?? reportOnFolders(references ?? "")
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            print(String(decoding: try encoder.encode(report), as: UTF8.self))
        } else {
            print(report.markdown, terminator: "")
        }
    }

    private func metricWeights() throws -> MetricWeights {
        try MetricWeights(folder: weights ?? MetricWeights.defaultFolder(), isRequired: weights != nil)
    }

    private func reportOnCrops(_ path: String) throws -> FillReport {
        let evaluator = FillEvaluator(try CropFile(reading: path).samples, weights: try metricWeights())
        var rows: [FillScores] = []
        if let model {
            let set = try ValidationSet(reading: path)
            let pipeline = try InpaintingPipeline(directory: model)
            let filling = try PromptedFilling(
                pipeline, prompt: prompt, guidance: guidance, coarseLevels: coarseLevels, place: model)
            rows.append(try evaluator.scores(of: CropFile.images(of: set.prefills), name: "pre-fill"))
            let name = pipeline.name
            for (index, count) in try stepCounts().enumerated() {
                let row = "\(name), \(count) step\(count == 1 ? "" : "s")"
                let filled = set.fills(by: filling, steps: count, seed: seed)
                let detailed = detail ? set.withDetail(filled) : nil
                if index == 0, let output {
                    try Safetensors.write(["fills": detailed ?? filled, "prefills": set.prefills], to: output)
                }
                rows.append(try evaluator.scores(of: CropFile.images(of: filled), name: row))
                if let detailed {
                    rows.append(try evaluator.scores(of: CropFile.images(of: detailed), name: "\(row), detail"))
                }
            }
        }
        for (name, file) in namedFills {
            rows.append(try evaluator.scores(of: Self.pictures(file, like: evaluator.samples), name: name))
        }
        return FillReport(rows: rows, evaluator)
    }

    /// The pictures of a file with "fills".
    private static func pictures(_ path: String, like samples: [ReferenceSample]) throws -> [MetricImage] {
        let size = samples[0].truth
        let expected = [samples.count, 3, size.height, size.width]
        guard let tensor = try Safetensors.read(path).tensors["fills"] else {
            throw ModelError(.missingWeight, at: path, "there is no tensor \"fills\"")
        }
        guard tensor.shape == expected else {
            throw ModelError(
                .wrongShape, at: path, "\"fills\" has shape \(tensor.shape), the crops need \(expected)")
        }
        return CropFile.images(of: tensor)
    }

    private func reportOnFolders(_ references: String) throws -> FillReport {
        let folders = try EvaluateFolders(references: references, fills: namedFills, masks: masks)
        if !folders.skipped.isEmpty {
            let lines = folders.skipped.map { "  \($0)\n" }.joined()
            FileHandle.standardError.write(Data("skipped \(folders.skipped.count):\n\(lines)".utf8))
        }
        let evaluator = FillEvaluator(folders.samples, weights: try metricWeights())
        let rows = try zip(namedFills, folders.fills).map { try evaluator.scores(of: $1, name: $0.name) }
        return FillReport(rows: rows, evaluator)
    }
}
