import BusTransport
import Foundation
import RefineBus
import RefineDaemon
import TestSupport
import Testing

/// The option `preview`: small pictures for callers that read no image format.
@Suite struct PreviewTests {
    /// Fills the first six pixels of a photo of 8x4 pixels of value 10 with 128, and gives the small pictures.
    private func pictures(
        within width: UInt32, _ height: UInt32, variants: UInt32? = nil, _ daemon: TestDaemon
    ) async throws -> (info: PreviewInfo?, pictures: [[UInt8]]) {
        var options = InpaintOptions()
        options.preview = .init(width: width, height: height)
        options.variants = variants
        options.seed = 0
        let job = try await daemon.inpaint(options)
        #expect(try await job.end() == "")
        let result = try await job.result()
        let first = Int(result.info.preview?.index ?? 0)
        #expect(first == Int(variants ?? 1))
        return (result.info.preview, try result.images[first...].map(content))
    }

    @Test func whatFitsIsShownPixelForPixel() async throws {
        try await TestDaemon.with { daemon in
            let (info, pictures) = try await pictures(within: 100, 100, daemon)
            #expect(info == PreviewInfo(index: 1, width: 8, height: 4, area: [0, 0, 8, 4]))
            #expect(pictures.count == 2)
            #expect(pictures[0] == [UInt8](repeating: 10, count: 96))
            #expect(pictures[1] == [UInt8](repeating: 128, count: 18) + [UInt8](repeating: 10, count: 78))
        }
    }

    /// python3 -c 'l=lambda v:((v/255+.055)/1.055)**2.4 if v>10 else v/255/12.92
    /// print([round(255*(1.055*((n*l(128)+(4-n)*l(10))/4)**(1/2.4)-.055)) for n in (1, 2)])' gives [67, 93].
    @Test func whatIsLargerIsAveragedInLinearLight() async throws {
        try await TestDaemon.with { daemon in
            let (info, pictures) = try await pictures(within: 4, 100, daemon)
            #expect(info == PreviewInfo(index: 1, width: 4, height: 2, area: [0, 0, 8, 4]))
            #expect(pictures[0] == [UInt8](repeating: 10, count: 24))
            #expect(pictures[1] == [UInt8](repeating: 93, count: 9) + [UInt8](repeating: 10, count: 15))
            // 8 pixels over 3: borders lie within pixels.
            let (third, uneven) = try await self.pictures(within: 3, 1, daemon)
            #expect(third?.width == 2 && third?.height == 1)
            #expect(uneven[1].count == 6 && uneven[1][0] > uneven[1][3] && uneven[1][3] > 10)
        }
    }

    @Test func eachVariantHasItsPicture() async throws {
        try await TestDaemon.with(drawsSeed: true) { daemon in
            let (_, pictures) = try await pictures(within: 100, 100, variants: 2, daemon)
            #expect(pictures.map(\.[0]) == [10, 130, 131])
        }
    }

    @Test func sizesOutOfRangeAreRefused() async throws {
        try await TestDaemon.with { daemon in
            for (width, height): (UInt32, UInt32) in [(0, 5), (5, 0), (4097, 5)] {
                var options = InpaintOptions()
                options.preview = .init(width: width, height: height)
                let asked = options
                let error = await #expect(throws: RefineError.self) { _ = try await daemon.inpaint(asked) }
                #expect(error?.code == .invalidArgument && error?.subject == "preview")
            }
        }
    }
}
