import BusTransport
import Foundation
import RefineBus
import RefineDaemon
import TestSupport
import Testing

/// `Manager.InpaintPixels`: raw pixels in sealed memory.
@Suite struct PixelTests {
    /// The numbers of the kernel's ABI.
    private static let addSeals: Int32 = 1033, getSeals: Int32 = 1034
    private static let sealShrink: Int32 = 2, sealGrow: Int32 = 4, sealWrite: Int32 = 8, sealSeal: Int32 = 1

    private static let width = 8, height = 4

    /// `[height, stride]` bytes that all differ, and a mask with a row of six.
    private func raster(_ layout: RasterLayout) -> [UInt8] {
        (0..<layout.stride * layout.height).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 3) }
    }

    private func layout(_ format: RasterLayout.Format, stride: UInt32? = nil) throws -> RasterLayout {
        try RasterLayout(
            width: UInt32(Self.width), height: UInt32(Self.height),
            stride: stride ?? UInt32(Self.width * format.bytesPerPixel), format: format)
    }

    private func mask(_ layout: RasterLayout, marked: Int = 6) throws -> BusFileDescriptor {
        var bytes = [UInt8](repeating: 127, count: layout.stride * layout.height)
        for index in 0..<marked { bytes[index / layout.width * layout.stride + index % layout.width] = 128 }
        return try memory(bytes)
    }

    /// The samples that change when the first six pixels are filled with 128.
    private func expected(_ before: [UInt8], _ layout: RasterLayout) -> [UInt8] {
        var after = Array(before.prefix(layout.byteCount))
        for x in 0..<6 {
            let colors = layout.format == .gray8 ? 1 : 3
            for byte in 0..<colors { after[x * layout.format.bytesPerPixel + byte] = 128 }
        }
        return after
    }

    @Test(arguments: [RasterLayout.Format.rgb8, .rgba8, .gray8], [UInt32(0), 5])
    func onlyMarkedSamplesChange(_ format: RasterLayout.Format, _ padding: UInt32) async throws {
        try await TestDaemon.with { daemon in
            let layout = try layout(format, stride: UInt32(Self.width * format.bytesPerPixel) + padding)
            let maskLayout = try self.layout(.gray8, stride: UInt32(Self.width) + padding)
            let before = raster(layout)
            let pixels = try memory(before)
            let job = try await daemon.manager.inpaint(
                pixels: pixels, layout, mask: mask(maskLayout), maskLayout, .init())
            #expect(try await job.end() == "")
            let result = try await job.result()
            let image = try #require(result.images.first)
            #expect(try content(of: image) == expected(before, layout))
            #expect(result.info.format == format.rawValue && result.info.stride == UInt32(layout.stride))
            #expect(result.info.width == 8 && result.info.height == 4 && result.info.notes == ["lossless"])
            let seals = Self.sealShrink | Self.sealGrow | Self.sealWrite
            #expect(fcntl(image.rawValue, Self.getSeals) & seals == seals)
            // The caller's own memory is sealed too: nobody can pull it away from under the daemon.
            #expect(fcntl(pixels.rawValue, Self.getSeals) & seals == seals)
        }
    }

    @Test func sixteenBitsStaySixteenBits() async throws {
        try await TestDaemon.with { daemon in
            let layout = try layout(.rgb16, stride: UInt32(Self.width * 6) + 3)
            let before = raster(layout)
            let job = try await daemon.manager.inpaint(
                pixels: memory(before), layout, mask: mask(try self.layout(.gray8)), try self.layout(.gray8), .init())
            #expect(try await job.end() == "")
            let after = try content(of: try #require(try await job.result().images.first))
            // The test engine fills with 0x8081.
            var wanted = Array(before.prefix(layout.byteCount))
            for byte in 0..<36 { wanted[byte] = byte % 2 == 0 ? 0x81 : 0x80 }
            #expect(after == wanted)
        }
    }

    @Test func boxNeedsNoMask() async throws {
        try await TestDaemon.with { daemon in
            var options = InpaintOptions()
            options.box = [.init(x: 0, y: 0, width: 6, height: 1)]
            options.compare = true
            let layout = try layout(.rgb8)
            let before = raster(layout)
            let job = try await daemon.manager.inpaint(
                pixels: memory(before), layout, mask: .memory(named: "none"), layout, options)
            #expect(try await job.end() == "")
            let result = try await job.result()
            #expect(try content(of: try #require(result.images.first)) == expected(before, layout))
            #expect(result.images.count == 2 && result.info.compareIndex == 1)
            options.box = [.init(x: 3, y: 0, width: 6, height: 1)]
            let outside = try await daemon.manager.inpaint(
                pixels: memory(before), layout, mask: .memory(named: "none"), layout, options)
            #expect(try await outside.end() == "org.refinecontrol.Refine1.Error.InvalidArgument")
            let error = await #expect(throws: RefineError.self) { _ = try await outside.result() }
            #expect(error?.subject == "box" && error?.reason == "box-outside")
        }
    }

    @Test(arguments: [(0, "mask-empty"), (32, "mask-covers-everything")])
    func masksOfNothingAndEverythingFailTheJob(_ marked: Int, _ reason: String) async throws {
        try await TestDaemon.with { daemon in
            let (layout, gray) = (try layout(.rgb8), try layout(.gray8))
            let job = try await daemon.manager.inpaint(
                pixels: memory(raster(layout)), layout, mask: mask(gray, marked: marked), gray, .init())
            #expect(try await job.end() == "org.refinecontrol.Refine1.Error.InvalidArgument")
            let error = await #expect(throws: RefineError.self) { _ = try await job.result() }
            #expect(error?.subject == "mask" && error?.reason == reason && error?.remedy.isEmpty == false)
        }
    }

    // MARK: Refused before any work

    private func refusal(
        _ daemon: TestDaemon, _ pixels: BusFileDescriptor, _ layout: BusValue, _ mask: BusFileDescriptor,
        _ maskLayout: BusValue, _ options: [String: BusValue] = [:]
    ) async -> String {
        do {
            _ = try await daemon.client.call(
                BusCall(
                    to: RefineNames.bus, path: RefineNames.root, interface: RefineNames.manager,
                    member: "InpaintPixels", [.unixFD(pixels), layout, .unixFD(mask), maskLayout, .options(options)]))
            return "accepted"
        } catch {
            let error = error as? BusError
            let name = error?.name?.split(separator: ".").last ?? "?"
            return "\(name) \(error?.message.split(separator: ":").first ?? "?")"
        }
    }

    private static func value(_ width: UInt32, _ height: UInt32, _ stride: UInt32, _ format: String) -> BusValue {
        .structure([.uint32(width), .uint32(height), .uint32(stride), .string(format)])
    }

    @Test func layoutsThatDoNotFitAreRefusedByName() async throws {
        try await TestDaemon.with { daemon in
            let (good, gray) = (Self.value(8, 4, 24, "RGB8"), Self.value(8, 4, 8, "GRAY8"))
            let pixels = try memory(raster(layout(.rgb8)))
            let mask = try mask(layout(.gray8))
            let cases: [(BusValue, BusValue, String)] = [
                (Self.value(8, 4, 24, "RGB24"), gray, "InvalidArgument layout.unknown-format"),
                (Self.value(0, 4, 24, "RGB8"), gray, "InvalidArgument layout.no-pixels"),
                (Self.value(8, 0, 24, "RGB8"), gray, "InvalidArgument layout.no-pixels"),
                (Self.value(8, 4, 23, "RGB8"), gray, "InvalidArgument layout.stride-too-short"),
                (Self.value(8, 4, 0, "RGB8"), gray, "InvalidArgument layout.stride-too-short"),
                (Self.value(8, 5, 24, "RGB8"), gray, "InvalidArgument pixels.too-few-bytes"),
                (Self.value(8, 4, 25, "RGB8"), gray, "InvalidArgument pixels.too-few-bytes"),
                (Self.value(.max, .max, .max, "RGB8"), gray, "TooLarge layout.too-many-pixels"),
                (Self.value(30_001, 1, .max, "RGB8"), gray, "TooLarge layout.too-many-pixels"),
                (Self.value(20_000, 20_000, .max, "RGB8"), gray, "TooLarge layout.too-many-pixels"),
                (Self.value(8, 4, .max, "RGB8"), gray, "TooLarge layout.too-many-bytes"),
                (good, Self.value(8, 4, 24, "RGB8"), "InvalidArgument mask_layout.unknown-format"),
                (good, Self.value(4, 8, 8, "GRAY8"), "InvalidArgument mask.mask-size"),
                (good, Self.value(8, 4, 9, "GRAY8"), "InvalidArgument mask.too-few-bytes"),
                (
                    good, .structure([.uint32(8), .uint32(4), .uint32(8), .uint32(1)]),
                    "InvalidArgs InpaintPixels takes"
                ),
            ]
            for (layout, maskLayout, wanted) in cases {
                let answer = await refusal(daemon, pixels, layout, mask, maskLayout)
                #expect(answer.hasPrefix(wanted), "\(layout) \(maskLayout): \(answer)")
            }
            let unknown = await refusal(daemon, pixels, good, mask, gray, ["colour": .uint32(1)])
            #expect(unknown == "InvalidArgument colour.unknown-option")
            #expect(await refusal(daemon, pixels, good, mask, gray) == "accepted")
        }
    }

    @Test func memoryThatCannotBeSealedIsRefused() async throws {
        try await TestDaemon.with { daemon in
            let (good, gray) = (Self.value(8, 4, 24, "RGB8"), Self.value(8, 4, 8, "GRAY8"))
            let mask = try mask(layout(.gray8))
            let bytes = raster(try layout(.rgb8))
            func refused(_ pixels: BusFileDescriptor) async -> String {
                await refusal(daemon, pixels, good, mask, gray)
            }
            var pipes: [Int32] = [-1, -1], sockets: [Int32] = [-1, -1]
            #expect(pipe(&pipes) == 0 && socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &sockets) == 0)
            let ends = (pipes + sockets).map { BusFileDescriptor(owning: $0) }
            for end in ends { #expect(await refused(end) == "InvalidArgument pixels.not-a-file") }
            for path in ["/", "/dev/zero"] {
                let file = BusFileDescriptor(owning: open(path, O_RDONLY | O_CLOEXEC))
                #expect(await refused(file) == "InvalidArgument pixels.not-a-file")
            }
            let path = daemon.bus.folder.appendingPathComponent("pixels").path
            #expect(FileManager.default.createFile(atPath: path, contents: Data(bytes)))
            let onDisc = BusFileDescriptor(owning: open(path, O_RDWR | O_CLOEXEC))
            #expect(
                ["InvalidArgument pixels.not-memory", "InvalidArgument pixels.not-sealable"].contains(
                    await refused(onDisc)))

            let final = try memory(bytes)
            #expect(fcntl(final.rawValue, Self.addSeals, Self.sealShrink | Self.sealSeal) == 0)
            #expect(await refused(final) == "InvalidArgument pixels.not-sealable")
            let mapped = try memory(bytes)
            let mapping = mmap(nil, bytes.count, PROT_READ | PROT_WRITE, MAP_SHARED, mapped.rawValue, 0)
            #expect(await refused(mapped) == "InvalidArgument pixels.mapped")
            munmap(mapping, bytes.count)
            #expect(await refused(mapped) == "accepted")
            let readOnly = try memory(bytes).reopenedForReading()
            #expect(await refused(readOnly) == "InvalidArgument pixels.not-sealed")
            let short = try memory(Array(bytes.dropLast()))
            #expect(await refused(short) == "InvalidArgument pixels.too-few-bytes")
            let mine = try memory(bytes)
            let pipeMask = await refusal(daemon, mine, good, ends[0], gray)
            #expect(pipeMask == "InvalidArgument mask.not-a-file")
        }
    }

    @Test func sealedMemoryOfAReaderIsTaken() async throws {
        try await TestDaemon.with { daemon in
            let (layout, gray) = (try layout(.rgb8), try layout(.gray8))
            let pixels = try memory(raster(layout))
            #expect(fcntl(pixels.rawValue, Self.addSeals, Self.sealShrink | Self.sealGrow | Self.sealWrite) == 0)
            let job = try await daemon.manager.inpaint(
                pixels: pixels.reopenedForReading(), layout, mask: mask(gray), gray, .init())
            #expect(try await job.end() == "")
        }
    }
}

/// Several fills of one photo.
@Suite struct VariantTests {
    @Test func eachVariantIsWhatItsSeedGivesAlone() async throws {
        try await TestDaemon.with(drawsSeed: true) { daemon in
            var options = InpaintOptions()
            options.variants = 3
            options.seed = .max
            options.compare = true
            let job = try await daemon.inpaint(options)
            #expect(try await job.end() == "")
            let result = try await job.result()
            #expect(result.info.seeds == [.max, 0, 1] && result.info.seed == .max && result.info.steps == 4)
            #expect(result.images.count == 4 && result.info.compareIndex == 3)
            let fills = try result.images.prefix(3).map { try content(of: $0) }
            #expect(Set(fills).count == 3)
            for (seed, fill) in zip(result.info.seeds, fills) {
                var single = InpaintOptions()
                single.seed = seed
                single.steps = result.info.steps
                let job = try await daemon.inpaint(single)
                #expect(try await job.end() == "")
                #expect(try content(of: try #require(try await job.result().images.first)) == fill)
            }
        }
    }

    @Test func progressRunsOverAllVariants() async throws {
        try await TestDaemon.with { daemon in
            var options = InpaintOptions()
            (options.variants, options.steps) = (3, 2)
            let job = try await daemon.inpaint(options)
            var progress: [Double] = []
            var stages: [String] = []
            for await event in job.events() {
                guard case .changed(let properties) = event else { continue }
                progress.append(properties.progress)
                if stages.last != properties.stage { stages.append(properties.stage) }
            }
            #expect(progress == progress.sorted() && progress.last == 1)
            #expect(stages.filter { $0 == "encode" }.count == 3 && stages.last == "done")
        }
    }

    @Test func oneStepGivesNoVariants() async throws {
        try await TestDaemon.with { daemon in
            var options = InpaintOptions()
            (options.variants, options.steps) = (2, 1)
            let error = await #expect(throws: RefineError.self) { _ = try await daemon.inpaint(options) }
            #expect(error?.subject == "variants" && error?.reason == "needs-steps")
        }
    }

    @Test func wordsThatTheModelDoesNotKnowAreTold() async throws {
        try await TestDaemon.with(hasTextEncoder: true) { daemon in
            var options = InpaintOptions()
            options.prompt = "a zyzzyva"
            let job = try await daemon.inpaint(options)
            #expect(try await job.end() == "")
            let info = try await job.result().info
            #expect(info.unknownWords == ["zyzzyva"] && info.warnings == ["unknown-words"])
            #expect(info.texture == nil)
        }
    }

    @Test func theMaterialThatAHoleWasFilledWithIsTold() async throws {
        try await TestDaemon.with(hasTextEncoder: true) { daemon in
            var options = InpaintOptions()
            options.prompt = "some bricks"
            let job = try await daemon.inpaint(options)
            #expect(try await job.end() == "")
            #expect(try await job.result().info.texture == "a brick wall")
        }
    }
}
