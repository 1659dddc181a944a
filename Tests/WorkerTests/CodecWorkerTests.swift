import Glibc
import ImageCodec
import Testing
import WorkerProtocol

/// The whole way: descriptors to a real sandboxed process, sealed buffers back.
@Suite struct CodecWorkerTests {
    @Test func decodeHandsOutPixelsAndMask() async throws {
        let photo = TestPhoto.gradient(40, 30, bands: 4)
        let box = PixelBox(x: 5, y: 6, width: 10, height: 10)
        let decoded = try await TestWorker().decode(photo.png(), mask: maskPNG(40, 30, white: box))
        #expect(decoded.width == 40 && decoded.height == 30 && decoded.bitDepth == 8)
        #expect(decoded.format == "png" && decoded.hasAlpha && decoded.warnings == [])
        #expect(decoded.pixels.array == TestPhoto.gradient(40, 30).samples)
        #expect(decoded.mask.array.count { $0 == 255 } == 100 && decoded.mask.array[6 * 40 + 5] == 255)
        #expect(abs(decoded.maskedFraction - 100.0 / 1200) < 1e-9)
    }

    @Test func decodeTakesBoxesInsteadOfAMask() async throws {
        let decoded = try await TestWorker().decode(
            TestPhoto.gradient(8, 8).png(), boxes: [FillBox(x: 0, y: 0, width: 8, height: 6)])
        #expect(decoded.mask.array == .init(repeating: 255, count: 48) + .init(repeating: 0, count: 16))
        #expect(decoded.warnings == ["mask-covers-most"])
    }

    @Test func encodeOfEveryDepthAndBandCountKeepsUnchangedPixels() async throws {
        var numbers = SeededNumbers(seed: 9)
        let worker = try TestWorker()
        for round in 0..<16 {
            let photo = TestPhoto.noise(
                31, 17, bands: 1 + round % 4, bitDepth: round % 8 < 4 ? 8 : 16, using: &numbers)
            let file = try round < 8 ? photo.png() : photo.tiff()
            let decoded = try await worker.decode(file, boxes: [FillBox(x: 20, y: 3, width: 11, height: 14)])
            let filled = TestPhoto.noise(31, 17, bitDepth: photo.bitDepth, using: &numbers).samples

            let written = try await worker.encode(file, filled: filled, changed: decoded.mask.array, decoded)

            let (_, result) = try samples(of: written.file.array)
            for (pixel, hole) in decoded.mask.array.enumerated() where hole == 0 {
                let range = pixel * photo.pixelBytes..<(pixel + 1) * photo.pixelBytes
                #expect(result[range] == photo.samples[range], "round \(round) pixel \(pixel)")
            }
        }
    }

    @Test func sameInputGivesTheSameBytes() async throws {
        let worker = try TestWorker()
        let file = try TestPhoto.gradient(64, 48).jpeg()
        let decoded = try await worker.decode(file, boxes: [FillBox(x: 1, y: 1, width: 9, height: 9)])
        let one = try await worker.encode(file, filled: decoded.pixels.array, changed: decoded.mask.array, decoded)
        let other = try await worker.encode(file, filled: decoded.pixels.array, changed: decoded.mask.array, decoded)
        #expect(one.file.array == other.file.array && one.format == "jpeg")
    }

    /// The pixels that a photo was decoded to may go along when it is written again; that saves time and changes nothing.
    @Test func decodedPixelsStandForThePhotoWhereTheyAreAllOfIt() async throws {
        let worker = try TestWorker()
        var numbers = SeededNumbers(seed: 4)
        for (bands, depth) in [(3, 8), (3, 16), (4, 8), (1, 8), (2, 16)] {
            let photo = TestPhoto.noise(24, 18, bands: bands, bitDepth: depth, using: &numbers)
            let file = TemporaryFile(try photo.png())
            let box = FillBox(x: 3, y: 4, width: 9, height: 7)
            let decoded = try await worker.codec.decode(
                image: file.descriptor, mask: nil, options: DecodeOptions(boxes: [box]))
            func encode(_ pixels: SharedBuffer?) async throws -> [UInt8] {
                try await worker.codec.encode(
                    source: file.descriptor, filled: .of([UInt8](repeating: 90, count: 63 * 3 * depth / 8)),
                    changed: .of([UInt8](repeating: 255, count: 63)), region: box, pixels: pixels, width: 24,
                    height: 18,
                    bitDepth: depth
                ).file.array
            }
            let plain = try await encode(nil)
            #expect(try await encode(decoded.pixels) == plain, "\(bands) bands of \(depth) bits")
            // Other pixels show that they are looked at, and where they are not.
            let grey = try SharedBuffer.of([UInt8](repeating: 7, count: decoded.pixels.count))
            #expect(try await (encode(grey) == plain) == (bands != 3), "\(bands) bands of \(depth) bits")
            let error = await #expect(throws: WorkerError.self) { try await encode(.of([1, 2, 3])) }
            #expect(error?.reason == "protocol")
        }
    }

    @Test func everyFormatWorksInsideTheSandbox() async throws {
        let worker = try TestWorker()
        for (name, bytes) in try SampleFiles.all() {
            do {
                let decoded = try await worker.decode(bytes, boxes: [FillBox(x: 2, y: 2, width: 4, height: 4)])
                let written = try await worker.encode(
                    bytes, filled: decoded.pixels.array, changed: decoded.mask.array, decoded)
                #expect(written.file.count > 50, "\(name)")
                let hasPages = name.hasSuffix("pages") || name.hasSuffix("animated")
                #expect(decoded.warnings.contains("first-page-only") == hasPages, "\(name)")
            } catch {
                Issue.record("\(name): \(error)")
            }
        }
    }

    @Test func compareMakesOnePNG() async throws {
        let worker = try TestWorker()
        let decoded = try await worker.decode(
            TestPhoto.gradient(60, 40).png(), boxes: [FillBox(x: 20, y: 10, width: 20, height: 20)])
        let sheet = try await worker.codec.compare(
            original: decoded.pixels, classical: decoded.pixels, filled: decoded.pixels, mask: decoded.mask,
            region: FillBox(x: 0, y: 0, width: 60, height: 40), width: 60, height: 40, bitDepth: 8)
        let info = try samples(of: sheet.file.array).info
        #expect(sheet.format == "png" && info.width == 4 * 240 + 3 * 6 && info.height == 160)
    }

    @Test func buffersComeSealed() async throws {
        let decoded = try await TestWorker().decode(
            TestPhoto.gradient(8, 8).png(), boxes: [FillBox(x: 0, y: 0, width: 2, height: 2)])
        for buffer in [decoded.pixels, decoded.mask] {
            #expect(ftruncate(buffer.descriptor, 1) == -1 && errno == EPERM)
            #expect("x".withCString { pwrite(buffer.descriptor, $0, 1, 0) } == -1)
            #expect(lseek(buffer.descriptor, 0, SEEK_CUR) == 0)
        }
    }

    @Test func bufferWithoutSealsIsRefused() throws {
        let file = TemporaryFile([1, 2, 3])
        #expect(throws: WorkerError.self) { try SharedBuffer(adopting: dup(file.descriptor), count: 3) }
        let sealed = try SharedBuffer.of([1, 2, 3])
        #expect(throws: WorkerError.self) { try SharedBuffer(adopting: dup(sealed.descriptor), count: 4) }
    }

    @Test func selfCheckFindsEveryGuardInForce() async throws {
        let guards = try await TestWorker().codec.selfCheck()
        #expect(guards.count == 10)
        // Landlock is the kernel's choice; all others are ours.
        for (name, holds) in guards where name != "landlock" { #expect(holds, "\(name)") }
    }
}
