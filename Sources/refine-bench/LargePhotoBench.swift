import ArgumentParser
import Diffusion
import Foundation
import ImageCodec
import Inpainting
import Metrics

/// Judges the fill of a hole that is larger than what the model takes at once, against the pixels that were there.
struct LargePhotoBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "large-photo", abstract: "Compare the texture of fills in large photos with bicubic enlargement.",
        discussion: """
            A round hole in each photo is filled in three ways: in the photo scaled down, enlarged bicubically; without \
            detail from the surroundings; and as refined does it. For each the sliced Wasserstein distance of its \
            patches to those of the photo is printed (0 is the photo itself), the hole's PSNR, and how long the last \
            one took.

              refine-bench large-photo holiday.jpg
              refine-bench large-photo --at 250,600 --sheets sheets *.jpg
            """)

    @Option(help: "A model folder; the one that came with the package where not given.") var model: String?
    @Option(help: "Side of the hole in pixels.") var hole = 680
    @Option(help: "Where the middle of the hole is, in thousandths of width and height.") var at = "500,500"
    @Option(help: "A folder for pictures of each way and the photo.") var sheets: String?
    @Option(help: "The longest side of a crop as the model sees it; that of refined where not given.")
    var largestCrop: Int?
    @Argument(help: "Photos of 8 bits.") var photos: [String]

    func validate() throws {
        guard (64...4096).contains(hole) else { throw ValidationError("--hole must be 64 to 4096") }
        guard place.count == 2, place.allSatisfy((0...1000).contains) else {
            throw ValidationError("--at must be two numbers from 0 to 1000, as 500,500")
        }
        guard (128...2048).contains(largestCrop ?? 512) else {
            throw ValidationError("--largest-crop must be 128 to 2048")
        }
    }

    private var place: [Int] { at.split(separator: ",").compactMap { Int($0) } }

    func run() throws {
        guard let folder = model ?? ModelLocation.defaultDirectory() else {
            throw ValidationError("no default model is installed; give one by --model")
        }
        let model = try FillModel(directory: folder)
        print("| photo | megapixels | bicubic | no detail | with detail | seconds |\n|---|---|---|---|---|---|")
        for path in photos {
            let photo = try Photo(path)
            let subject = try Subject(photo, hole: hole, at: place, largestCrop: largestCrop)
            let bicubic = try subject.bicubic(model), smooth = try subject.fill(model, detail: false)
            let began = ContinuousClock.now
            let ways = [bicubic, smooth, try subject.fill(model, detail: true)]
            let taken = (ContinuousClock.now - began) / .seconds(1)
            let figures = ways.map { way in
                let distance = subject.distance(way).map { String(format: "%.0f", $0) } ?? "-"
                return distance + String(format: ", %.2f dB", subject.error(way).psnr)
            }
            let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
            let size = String(format: "%.1f", Double(photo.width * photo.height) / 1e6)
            print(
                "| \(name) | \(size) | \(figures.joined(separator: " | ")) | \(String(format: "%.2f", taken)) |")
            guard let sheets else { continue }
            let sheet = try subject.sheet(ways)
            try Data(sheet).write(to: URL(fileURLWithPath: sheets).appendingPathComponent("\(name).jpg"))
        }
    }
}

/// A decoded photo.
private struct Photo {
    var width, height: Int
    /// RGB, interleaved.
    var pixels: [UInt8]

    init(_ path: String) throws {
        let reader = try PhotoReader(file: FileBytes(path: path, argument: "photo"), argument: "photo")
        guard reader.info.layout.bitDepth == 8 else { throw ValidationError("\(path) has 16 bits; give one of 8") }
        (width, height) = (reader.info.width, reader.info.height)
        pixels = [UInt8](repeating: 0, count: reader.rgbByteCount)
        try pixels.withUnsafeMutableBytes { try reader.readRGB(into: $0) }
    }

    init(width: Int, height: Int, pixels: [UInt8]) { (self.width, self.height, self.pixels) = (width, height, pixels) }

    /// Means of squares of pixels.
    func shrunk(by scale: Int) -> Photo {
        let (small, low) = (width / scale, height / scale)
        var result = [UInt8](repeating: 0, count: 3 * small * low)
        for y in 0..<low {
            for x in 0..<small {
                for channel in 0..<3 {
                    var sum = 0
                    for dy in 0..<scale {
                        for dx in 0..<scale {
                            sum += Int(pixels[3 * ((y * scale + dy) * width + x * scale + dx) + channel])
                        }
                    }
                    result[3 * (y * small + x) + channel] = UInt8((sum + scale * scale / 2) / (scale * scale))
                }
            }
        }
        return Photo(width: small, height: low, pixels: result)
    }

    /// Catmull-Rom's cubic, at a pixel of a picture that is `scale` times as large.
    func bicubic(_ x: Int, _ y: Int, _ channel: Int, scale: Int) -> UInt8 {
        func weights(_ position: Int) -> (Int, [Float]) {
            let at = (Float(position) + 0.5) / Float(scale) - 0.5
            let t = at - at.rounded(.down)
            return (
                Int(at.rounded(.down)) - 1,
                [
                    ((2 - t) * t - 1) * t / 2, ((3 * t - 5) * t * t + 2) / 2, ((4 - 3 * t) * t + 1) * t / 2,
                    (t - 1) * t * t / 2,
                ]
            )
        }
        let (left, across) = weights(x)
        let (top, down) = weights(y)
        var sum: Float = 0
        for dy in 0..<4 {
            let row = min(max(top + dy, 0), height - 1)
            for dx in 0..<4 {
                let column = min(max(left + dx, 0), width - 1)
                sum += down[dy] * across[dx] * Float(pixels[3 * (row * width + column) + channel])
            }
        }
        return UInt8(min(max(sum.rounded(), 0), 255))
    }
}

/// A photo with a hole.
private struct Subject {
    let photo: Photo
    let box: Inpainting.PixelBox
    let mask: [UInt8]
    private let side: Int
    private let largestCrop: Int?

    init(_ photo: Photo, hole: Int, at place: [Int], largestCrop: Int?) throws {
        self.largestCrop = largestCrop
        self.photo = photo
        side = hole
        let (middleX, middleY) = (photo.width * place[0] / 1000, photo.height * place[1] / 1000)
        let margin = hole * 3 / 4
        let (left, top) = (max(middleX - margin, 0), max(middleY - margin, 0))
        box = Inpainting.PixelBox(
            x: left, y: top, width: min(middleX + margin, photo.width) - left,
            height: min(middleY + margin, photo.height) - top)
        var mask = [UInt8](repeating: 0, count: photo.width * photo.height)
        for y in top..<(top + box.height) {
            for x in left..<(left + box.width) {
                let (dx, dy) = (Double(x - middleX), Double(y - middleY))
                // Not a circle: straight or round rims would flatter some methods.
                let angle = atan2(dy, dx)
                let radius = Double(hole) / 2 * (0.86 + 0.1 * sin(3 * angle + 1) + 0.04 * sin(7 * angle))
                if dx * dx + dy * dy < radius * radius { mask[y * photo.width + x] = 255 }
            }
        }
        self.mask = mask
    }

    /// As refined fills it, with or without detail; the part of the photo around the hole.
    func fill(_ model: FillModel, detail: Bool) throws -> [UInt8] {
        part(try filled(photo, mask, model, detail: detail, largestCrop: largestCrop))
    }

    private func filled(
        _ photo: Photo, _ mask: [UInt8], _ model: FillModel, detail: Bool, largestCrop: Int?
    ) throws -> Photo {
        var options = FillOptions(seed: 1)
        options.detail = detail
        if let largestCrop { options.largestCrop = largestCrop }
        let task = try FillTask(
            model: model, image: RasterImage(width: photo.width, height: photo.height, samples: .u8(photo.pixels)),
            mask: FillMask(width: photo.width, height: photo.height, values: mask), options: options)
        while try task.advance() {}
        let result = try task.finish()
        FillModel.releaseScratch()
        var whole = photo
        guard case .u8(let samples) = result.filled.samples else { return whole }
        for y in 0..<result.box.height {
            let (from, to) = (3 * y * result.box.width, 3 * ((result.box.y + y) * photo.width + result.box.x))
            whole.pixels.replaceSubrange(
                to..<(to + 3 * result.box.width), with: samples[from..<(from + 3 * result.box.width)])
        }
        return whole
    }

    /// Filled in the photo scaled down, as the model takes it, and enlarged.
    func bicubic(_ model: FillModel) throws -> [UInt8] {
        let scale = max(2, (side + 511) / 512)
        let small = photo.shrunk(by: scale)
        let smallMask = (0..<(small.width * small.height)).map { pixel -> UInt8 in
            let (x, y) = (pixel % small.width * scale, pixel / small.width * scale)
            for dy in 0..<scale { for dx in 0..<scale where mask[(y + dy) * photo.width + x + dx] != 0 { return 255 } }
            return 0
        }
        let filled = try filled(small, smallMask, model, detail: false, largestCrop: 1024)
        var whole = photo
        for y in box.y..<(box.y + box.height) {
            for x in box.x..<(box.x + box.width) where mask[y * photo.width + x] != 0 {
                for channel in 0..<3 {
                    whole.pixels[3 * (y * photo.width + x) + channel] = filled.bicubic(x, y, channel, scale: scale)
                }
            }
        }
        return part(whole)
    }

    /// The box of an array with `channels` values a pixel.
    private func cut(_ values: [UInt8], channels: Int) -> [UInt8] {
        var result: [UInt8] = []
        for y in box.y..<(box.y + box.height) {
            let start = channels * (y * photo.width + box.x)
            result += values[start..<(start + channels * box.width)]
        }
        return result
    }

    private func part(_ photo: Photo) -> [UInt8] { cut(photo.pixels, channels: 3) }

    /// How far the hole's texture is from the photo's.
    func distance(_ filled: [UInt8]) -> Double? {
        let holes = cut(mask, channels: 1)
        func descriptors(_ pixels: [UInt8]) -> SlicedWasserstein.Descriptors {
            SlicedWasserstein.descriptors(
                of: [MetricImage(width: box.width, height: box.height, rgb: pixels)], masks: [holes])
        }
        return SlicedWasserstein.distance(descriptors(filled), reference: descriptors(part(photo)))
    }

    func error(_ filled: [UInt8]) -> HoleError {
        func planes(_ pixels: [UInt8]) -> [Float] {
            MetricImage(width: box.width, height: box.height, rgb: pixels).values
        }
        return HoleError(fill: planes(filled), truth: planes(part(photo)), mask: cut(mask, channels: 1))
    }

    /// The ways side by side, and the photo.
    func sheet(_ ways: [[UInt8]]) throws -> [UInt8] {
        let pictures = ways + [part(photo)]
        var pixels: [UInt8] = []
        for y in 0..<box.height {
            let row = 3 * y * box.width
            for picture in pictures { pixels += picture[row..<(row + 3 * box.width)] }
        }
        return try pixels.withUnsafeBytes {
            try PixelFile.jpeg(
                samples: $0, width: pictures.count * box.width, height: box.height, bands: 3, quality: 85)
        }
    }
}
