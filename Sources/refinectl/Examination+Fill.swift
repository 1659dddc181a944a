import BusTransport
import Glibc
import RefineBus

extension Examination {
    /// A gradient with a square hole: no file of the user is touched.
    func fill(_ manager: ManagerProxy) async -> Check {
        let side = 128
        var pixels: [UInt8] = []
        for y in 0..<side { for x in 0..<side { pixels += [UInt8(x * 2), UInt8(y * 2), 128] } }
        do {
            let start = ContinuousClock.now
            var options = InpaintOptions()
            options.box = [InpaintOptions.Box(x: 48, y: 48, width: 32, height: 32)]
            options.seed = 1
            let job = try await manager.inpaint(
                pixels: try Self.memory(pixels),
                try RasterLayout(width: UInt32(side), height: UInt32(side), stride: UInt32(3 * side), format: .rgb8),
                mask: try Self.memory([]),
                try RasterLayout(width: UInt32(side), height: UInt32(side), stride: UInt32(side), format: .gray8),
                options)
            for await event in job.events() { if case .completed = event { break } }
            _ = try await job.result()
            let milliseconds = Int((ContinuousClock.now - start) / .milliseconds(1))
            return Check(
                part: "fill", verdict: .ok, finding: "a hole of 32x32 in 128x128 pixels took \(milliseconds) ms")
        } catch {
            return .failed("fill", error)
        }
    }

    private static func memory(_ bytes: [UInt8]) throws -> BusFileDescriptor {
        let file = try BusFileDescriptor.memory(named: "refinectl-doctor")
        guard write(file.rawValue, bytes, bytes.count) == bytes.count else {
            throw Failure(Failure.Code.osError, "cannot write to a file in memory", hint: "free some memory")
        }
        return file
    }
}
