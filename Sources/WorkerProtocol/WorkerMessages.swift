/// What the daemon asks of a worker. Descriptors go beside the message, in the order that each case states.
package enum WorkerRequest: Codable, Equatable, Sendable {
    /// Descriptors: the photo's file, and the mask's file unless there are shapes.
    case decode(DecodeOptions)
    /// Descriptors: the photo's file, the filled pixels of the box, the changed mask of the box, and where they are known
    /// the photo's RGB pixels.
    case encode(PixelLayout, FillBox, EncodeOptions)
    /// Descriptors: original pixels, classical and filled pixels of the box, the mask.
    case compare(PixelLayout, FillBox)
    /// No descriptors: the worker closes its sandbox and tries what it forbids.
    case selfCheck
    /// Descriptor: the photo's file. The scan role takes any number of these and of `sample`.
    case scan
    /// Descriptor: the photo's file. The longer side of the pixels is at most this.
    case sample(side: Int)
}

/// What the daemon asks of a template.
package enum TemplateRequest: Codable, Equatable, Sendable {
    /// Descriptor: the socket of the copy.
    case copy
}

/// The first and only message to a worker.
package struct WorkerJob: Codable, Equatable, Sendable {
    package var limits: WorkerLimits
    package var request: WorkerRequest

    package init(limits: WorkerLimits, request: WorkerRequest) {
        self.limits = limits
        self.request = request
    }
}

/// A worker's only answer, but for a copy's greeting.
package enum WorkerReply: Codable, Equatable, Sendable {
    /// What a copy of a template says first: the number of its process.
    case copied(Int32)
    /// Descriptors: RGB pixels, mask.
    case decoded(DecodedHeader)
    /// Descriptors: the file.
    case encoded(EncodedHeader)
    case checked(SandboxReport)
    case scanned(ScannedPhoto)
    /// Descriptors: RGB pixels of 8 bits.
    case sampled(PixelLayout)
    case failed(WorkerError)
}

/// Size and depth of RGB pixels in a buffer.
package struct PixelLayout: Codable, Equatable, Sendable {
    package var width: Int
    package var height: Int
    /// 8 or 16.
    package var bitDepth: Int

    package init(width: Int, height: Int, bitDepth: Int) {
        self.width = width
        self.height = height
        self.bitDepth = bitDepth
    }

    /// Bytes of `[height, width, 3]`; nil for sizes that make no sense.
    package var rgbByteCount: Int? {
        pixelCount.map { $0 * 3 * bitDepth / 8 }
    }

    /// The layout of a rectangle of the photo; nil where it is empty or does not lie inside.
    package func layout(of box: FillBox) -> PixelLayout? {
        // Differences instead of sums, which could overflow.
        guard pixelCount != nil, box.width > 0, box.height > 0, box.x >= 0, box.y >= 0, box.x < width, box.y < height,
            box.width <= width - box.x, box.height <= height - box.y
        else { return nil }
        return PixelLayout(width: box.width, height: box.height, bitDepth: bitDepth)
    }

    /// Bytes of `[height, width]` of a mask.
    package var pixelCount: Int? {
        guard (1...1 << 20).contains(width), (1...1 << 20).contains(height), bitDepth == 8 || bitDepth == 16 else {
            return nil
        }
        return width * height
    }
}

/// A rectangle to fill, in pixels of the upright photo, from its top left corner.
public struct FillBox: Codable, Equatable, Sendable {
    public var x: Int
    public var y: Int
    public var width: Int
    public var height: Int

    public init(x: Int, y: Int, width: Int, height: Int) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }
}

/// A corner of a polygon to fill, at the edges of pixels of the upright photo.
public struct FillPoint: Codable, Equatable, Sendable {
    public var x: Int
    public var y: Int

    public init(x: Int, y: Int) {
        self.x = x
        self.y = y
    }
}

/// How to decode.
public struct DecodeOptions: Codable, Equatable, Sendable {
    /// Fill these instead of what a mask file says.
    public var boxes: [FillBox]
    public var polygons: [[FillPoint]]
    /// Fill what the mask, the boxes and the polygons leave out.
    public var invert: Bool
    /// Scale a mask of another size to the photo's.
    public var fitMask: Bool

    public init(
        boxes: [FillBox] = [], polygons: [[FillPoint]] = [], invert: Bool = false, fitMask: Bool = false
    ) {
        self.boxes = boxes
        self.polygons = polygons
        self.invert = invert
        self.fitMask = fitMask
    }

    /// No mask file is wanted.
    package var hasShapes: Bool { !boxes.isEmpty || !polygons.isEmpty }
}

/// How to encode.
public struct EncodeOptions: Codable, Equatable, Sendable {
    /// 1...100 for lossy formats; nil keeps the source's.
    public var quality: Int?

    public init(quality: Int? = nil) { self.quality = quality }
}

/// What a photo's file and its pixels say about it.
public struct ScannedPhoto: Codable, Equatable, Sendable {
    /// SHA-256 of the file.
    public var contentHash: [UInt8]
    /// 64 bits that similar pictures share most of.
    public var perceptualHash: UInt64
    /// Pixels of the upright photo.
    public var width: Int
    public var height: Int

    package init(contentHash: [UInt8], perceptualHash: UInt64, width: Int, height: Int) {
        self.contentHash = contentHash
        self.perceptualHash = perceptualHash
        self.width = width
        self.height = height
    }
}

package struct DecodedHeader: Codable, Equatable, Sendable {
    package var layout: PixelLayout
    package var format: String
    package var hasAlpha: Bool
    package var warnings: [String]
    package var maskedFraction: Double

    package init(layout: PixelLayout, format: String, hasAlpha: Bool, warnings: [String], maskedFraction: Double) {
        self.layout = layout
        self.format = format
        self.hasAlpha = hasAlpha
        self.warnings = warnings
        self.maskedFraction = maskedFraction
    }
}

package struct EncodedHeader: Codable, Equatable, Sendable {
    package var format: String
    package var notes: [String]

    package init(format: String, notes: [String]) {
        self.format = format
        self.notes = notes
    }
}
