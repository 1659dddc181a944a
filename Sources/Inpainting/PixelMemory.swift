/// Bytes of pixels that nobody changes, wherever they lie: in an array, or in memory that another process filled.
public protocol PixelMemory: Sendable {
    var byteCount: Int { get }

    /// Gives read access; the pointer is valid in the call only, and aligned for the samples that it holds.
    func withPixels<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result
}

/// Pixels in an array, of 8 or 16 bits a sample.
public struct PixelArray<Sample: FixedWidthInteger & Sendable>: PixelMemory {
    public let samples: [Sample]

    public init(_ samples: [Sample]) { self.samples = samples }

    public var byteCount: Int { samples.count * MemoryLayout<Sample>.stride }

    public func withPixels<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try samples.withUnsafeBytes(body)
    }
}
