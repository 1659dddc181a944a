import Glibc
import ImageCodec
import Testing
import WorkerProtocol

/// Every bad file ends in an error that names the argument and the remedy, through a real worker.
@Suite struct BadInputTests {
    private let box = [FillBox(x: 0, y: 0, width: 1, height: 1)]

    @discardableResult
    private func expectError(
        _ code: WorkerError.Code, _ reason: String, argument: String = "image",
        sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
    ) async -> WorkerError? {
        let error = await #expect(throws: WorkerError.self, sourceLocation: sourceLocation) { try await body() }
        #expect(
            [error?.code.rawValue, error?.reason, error?.argument] == [code.rawValue, reason, argument],
            sourceLocation: sourceLocation)
        return error
    }

    @Test func emptyPhotoFile() async throws {
        await expectError(.invalidArgument, "empty-file") { _ = try await TestWorker().decode([], boxes: box) }
    }

    @Test func emptyMaskFile() async throws {
        let photo = try TestPhoto.gradient(8, 8).png()
        await expectError(.invalidArgument, "empty-file", argument: "mask") {
            _ = try await TestWorker().decode(photo, mask: [])
        }
    }

    @Test(arguments: [
        "Hello, this is no image at all.", "<svg xmlns='http://www.w3.org/2000/svg'/>", "%PDF-1.4", "P3 1 1 9 1 1 1",
    ])
    func fileThatIsNoImage(text: String) async throws {
        await expectError(.unsupportedFormat, "not-an-image") {
            _ = try await TestWorker().decode(Array(text.utf8), boxes: box)
        }
    }

    @Test func truncatedPhotos() async throws {
        let photo = TestPhoto.gradient(300, 200)
        for file in try [photo.png(), photo.jpeg(), photo.tiff()] {
            await expectError(.invalidArgument, "damaged") {
                _ = try await TestWorker().decode(Array(file[..<(file.count * 2 / 3)]), boxes: box)
            }
        }
    }

    @Test func maskOfAnotherSize() async throws {
        let photo = try TestPhoto.gradient(8, 8).png()
        let mask = try maskPNG(9, 8, white: PixelBox(x: 0, y: 0, width: 1, height: 1))
        let error = await expectError(.invalidArgument, "mask-size", argument: "mask") {
            _ = try await TestWorker().decode(photo, mask: mask)
        }
        #expect(error?.message.contains("9x8") == true && error?.message.contains("8x8") == true)
    }

    @Test func emptyMaskAndFullMask() async throws {
        let photo = try TestPhoto.gradient(8, 8).png()
        await expectError(.invalidArgument, "mask-empty", argument: "mask") {
            _ = try await TestWorker().decode(
                photo, mask: maskPNG(8, 8, white: PixelBox(x: 0, y: 0, width: 0, height: 0)))
        }
        await expectError(.invalidArgument, "mask-covers-everything", argument: "mask") {
            _ = try await TestWorker().decode(
                photo, mask: maskPNG(8, 8, white: PixelBox(x: 0, y: 0, width: 8, height: 8)))
        }
    }

    @Test func photoOf1x1HasNothingToFillFrom() async throws {
        let photo = try TestPhoto.gradient(1, 1).png()
        await expectError(.invalidArgument, "mask-covers-everything", argument: "mask") {
            _ = try await TestWorker().decode(
                photo, mask: maskPNG(1, 1, white: PixelBox(x: 0, y: 0, width: 1, height: 1)))
        }
    }

    @Test func headerOf30000x30000IsTooLarge() async throws {
        let error = await expectError(.tooLarge, "too-many-pixels") {
            _ = try await TestWorker().decode(PNGParts.headerOnly(width: 30_000, height: 30_000), boxes: box)
        }
        #expect(error?.message.contains("30000x30000") == true)
    }

    @Test func moreThan60PercentMaskedWarns() async throws {
        let photo = try TestPhoto.gradient(10, 10).png()
        let decoded = try await TestWorker().decode(
            photo, mask: maskPNG(10, 10, white: PixelBox(x: 0, y: 0, width: 10, height: 7)))
        #expect(decoded.warnings == ["mask-covers-most"])
    }

    @Test func descriptorsThatAreNoFilesToRead() async throws {
        let worker = try TestWorker()
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { ends.forEach { close($0) } }
        let folder = open("/tmp", O_RDONLY | O_DIRECTORY)
        let writeOnly = open("/tmp/refine-test-write-only-\(getpid())", O_WRONLY | O_CREAT, 0o600)
        defer { [folder, writeOnly].forEach { close($0) } }
        unlink("/tmp/refine-test-write-only-\(getpid())")
        _ = "x".withCString { write(writeOnly, $0, 1) }
        for (descriptor, reason) in [
            (ends[0], "not-a-file"), (folder, "not-a-file"), (writeOnly, "unreadable"), (-1, "not-open"),
        ] {
            await expectError(.invalidArgument, reason) {
                _ = try await worker.codec.decode(image: descriptor, mask: nil, options: DecodeOptions(boxes: box))
            }
        }
    }

    @Test func nothingThatSaysWhatToFill() async throws {
        let file = TemporaryFile(try TestPhoto.gradient(8, 8).png())
        defer { withExtendedLifetime(file) {} }
        await expectError(.invalidArgument, "mask-missing", argument: "mask") {
            _ = try await TestWorker().codec.decode(image: file.descriptor, mask: nil)
        }
    }

    @Test func photoThatChangedBetweenDecodeAndEncode() async throws {
        let worker = try TestWorker()
        let decoded = try await worker.decode(TestPhoto.gradient(8, 8).png(), boxes: box)
        await expectError(.invalidArgument, "image-changed") {
            _ = try await worker.encode(
                TestPhoto.gradient(8, 9).png(), filled: decoded.pixels.array, changed: decoded.mask.array, decoded)
        }
    }
}
