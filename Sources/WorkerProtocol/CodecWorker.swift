/// A photo and its mask as raw pixels.
public struct DecodedPhoto: Sendable {
    /// Pixels of the upright photo.
    public let width: Int
    public let height: Int
    /// 8 or 16.
    public let bitDepth: Int
    /// `[height, width, 3]` RGB, 8 bits or native-endian 16, in the photo's own colour space.
    public let pixels: SharedBuffer
    /// `[height, width]`, 255 = fill, 0 = keep.
    public let mask: SharedBuffer
    /// The file's format: "jpeg", "png", "webp", "tiff", "heic", "avif", "gif".
    public let format: String
    public let hasAlpha: Bool
    /// Codes: "mask-covers-most", "first-page-only".
    public let warnings: [String]
    /// How much of the photo the mask covers, above 0 and below 1.
    public let maskedFraction: Double
}

/// An image file in a sealed memfd.
public struct EncodedPhoto: Sendable {
    public let file: SharedBuffer
    /// The file's format: "jpeg", "png", ... It is the source's, but for GIF, which is written as PNG.
    public let format: String
    /// Codes of what was done: "lossless", "lossy", "jpeg-quality=92", "alpha-kept", "thumbnail-dropped", ...
    public let notes: [String]
}

/// Decodes and encodes photos in refine-worker, one sandboxed process for each call, which ends with it.
///
/// ```swift
/// let codec = CodecWorker(executable: try WorkerExecutable.find(), limits: WorkerLimits())
/// let photo = try await codec.decode(image: imageFile, mask: maskFile, options: DecodeOptions())
/// ```
///
/// A crash, a deadline or a cancellation ends that process and is the error of that call. No call blocks a thread of
/// Swift's cooperative pool.
public final class CodecWorker: Sendable {
    private let limits: WorkerLimits
    private let source: WorkerSource

    public init(executable: String, limits: WorkerLimits = WorkerLimits()) {
        source = WorkerSource(executable: executable)
        self.limits = limits
    }

    /// Decodes and checks one photo and its mask.
    ///
    /// - Parameters:
    ///   - image: a regular file, open for reading; read from its start whatever its offset is. It is not closed, and
    ///     must stay open until the call returns.
    ///   - mask: the same; nil when `options` has shapes that say what to fill.
    ///   - options: shapes, and how to read the mask.
    /// - Throws: `WorkerError`, which names the argument and the remedy.
    public func decode(image: Int32, mask: Int32?, options: DecodeOptions = DecodeOptions()) async throws
        -> DecodedPhoto
    {
        guard mask != nil || options.hasShapes else {
            throw WorkerError(
                .invalidArgument, argument: "mask", reason: "mask-missing",
                message: "Nothing says what to fill. Give a mask file, a box or a polygon.")
        }
        var files = [try OwnedDescriptor.duplicate(of: image, argument: "image")]
        if let mask, !options.hasShapes { files.append(try .duplicate(of: mask, argument: "mask")) }
        let (reply, received) = try await call(.decode(options), files)
        guard case .decoded(let header) = reply, received.count == 2, let size = header.layout.rgbByteCount else {
            throw WorkerError.protocolViolation("another answer than asked for")
        }
        return DecodedPhoto(
            width: header.layout.width, height: header.layout.height, bitDepth: header.layout.bitDepth,
            pixels: try Self.buffer(received[0], count: size),
            mask: try Self.buffer(received[1], count: header.layout.width * header.layout.height),
            format: header.format, hasAlpha: header.hasAlpha, warnings: header.warnings,
            maskedFraction: header.maskedFraction)
    }

    /// Writes a photo again with its hole filled, in its own format, bands, depth and metadata.
    ///
    /// - Parameters:
    ///   - image: the photo as it was given to `decode`.
    ///   - filled: `[region.height, region.width, 3]` of `bitDepth` bits. It reaches four pixels beyond every changed
    ///     one, where the photo does.
    ///   - changed: `[region.height, region.width]`; pixels where it is 0, and all outside, stay the source's.
    ///   - region: the part of the upright photo that these are of.
    ///   - pixels: the photo's, as `decode` gave them. With them a photo of plain RGB is not decoded once more.
    ///   - width: of the upright photo.
    ///   - height: of the upright photo.
    ///   - bitDepth: 8 or 16, that of `filled`.
    ///   - options: of the encoder.
    /// - Throws: `WorkerError`.
    public func encode(
        source image: Int32, filled: SharedBuffer, changed: SharedBuffer, region: FillBox,
        pixels: SharedBuffer? = nil, width: Int, height: Int, bitDepth: Int, options: EncodeOptions = EncodeOptions()
    ) async throws -> EncodedPhoto {
        let layout = PixelLayout(width: width, height: height, bitDepth: bitDepth)
        let files =
            try [OwnedDescriptor.duplicate(of: image, argument: "image")]
            + [filled, changed, pixels].compactMap(\.self).map {
                try OwnedDescriptor.duplicate(of: $0.descriptor, argument: "filled")
            }
        return try Self.encoded(try await call(.encode(layout, region, options), files))
    }

    /// One PNG: photo with hole | classical fill | ours | original, side by side.
    ///
    /// - Parameters:
    ///   - original: `[height, width, 3]` of `bitDepth` bits.
    ///   - classical: `[region.height, region.width, 3]`, the hole filled smoothly.
    ///   - filled: the same, the hole filled by the model.
    ///   - mask: `[height, width]`, above 0 in the hole.
    ///   - region: the part of the photo that `classical` and `filled` are of.
    ///   - width: in pixels.
    ///   - height: in pixels.
    ///   - bitDepth: 8 or 16.
    /// - Throws: `WorkerError`.
    public func compare(
        original: SharedBuffer, classical: SharedBuffer, filled: SharedBuffer, mask: SharedBuffer, region: FillBox,
        width: Int, height: Int, bitDepth: Int
    ) async throws -> EncodedPhoto {
        let layout = PixelLayout(width: width, height: height, bitDepth: bitDepth)
        let files = try [original, classical, filled, mask].map {
            try OwnedDescriptor.duplicate(of: $0.descriptor, argument: "compare")
        }
        return try Self.encoded(try await call(.compare(layout, region), files))
    }

    /// Starts a worker, closes its sandbox, and lets it try what the sandbox forbids.
    ///
    /// - Returns: each guard's name and whether it holds, such as "no-sockets", "no-open", "landlock", and what Landlock
    ///   enforces.
    /// - Throws: `WorkerError` when a guard could not be put up.
    public func sandboxReport() async throws -> SandboxReport {
        let (reply, _) = try await call(.selfCheck, [])
        guard case .checked(let report) = reply else {
            throw WorkerError.protocolViolation("another answer than asked for")
        }
        return report
    }

    /// The guards of ``sandboxReport()``.
    public func selfCheck() async throws -> [String: Bool] { try await sandboxReport().guards }

    /// Makes what the next call needs ahead of time; it goes after a minute without calls. Errors show in that call.
    ///
    /// Each call does so by itself: after `decode` comes `encode`, and after one photo often another.
    public func prepare() { source.prepare() }

    private func call(_ request: WorkerRequest, _ files: [OwnedDescriptor]) async throws -> (
        WorkerReply, [OwnedDescriptor]
    ) {
        let call = WorkerCall(job: WorkerJob(limits: limits, request: request), descriptors: files) { [source] in
            try source.worker($0)
        }
        do {
            let answer = try await call.run()
            prepare()
            return answer
        } catch let error as WorkerError where ["worker-died", "deadline", "protocol"].contains(error.reason) {
            source.renew()
            throw error
        }
    }

    private static func encoded(_ answer: (reply: WorkerReply, received: [OwnedDescriptor])) throws -> EncodedPhoto {
        guard case .encoded(let header) = answer.reply, answer.received.count == 1 else {
            throw WorkerError.protocolViolation("another answer than asked for")
        }
        return EncodedPhoto(file: try buffer(answer.received[0]), format: header.format, notes: header.notes)
    }

    private static func buffer(_ received: OwnedDescriptor, count: Int? = nil) throws -> SharedBuffer {
        try SharedBuffer(adopting: received.duplicated(), count: count)
    }
}
