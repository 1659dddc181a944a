/// What one job may use. A worker that goes over a limit ends, and with it its job.
public struct WorkerLimits: Codable, Equatable, Sendable {
    /// Width times height of a photo or mask.
    public var pixels: Int
    /// Width or height.
    public var side: Int
    /// Bytes of a photo or mask file.
    public var fileBytes: Int
    /// Bytes of a worker's address space. 100 megapixels of 16-bit RGBA take 800 MB, their fill 600 MB.
    public var addressSpace: Int
    /// Seconds of processor time.
    public var cpuSeconds: Int
    /// Milliseconds of wall time for one call, enforced from outside by SIGKILL.
    public var deadlineMilliseconds: Int

    public init(
        pixels: Int = 100_000_000, side: Int = 30_000, fileBytes: Int = 1 << 30, addressSpace: Int = 4 << 30,
        cpuSeconds: Int = 120, deadlineMilliseconds: Int = 120_000
    ) {
        self.pixels = pixels
        self.side = side
        self.fileBytes = fileBytes
        self.addressSpace = addressSpace
        self.cpuSeconds = cpuSeconds
        self.deadlineMilliseconds = deadlineMilliseconds
    }
}
