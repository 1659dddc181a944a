import Inpainting
import Testing

@Suite struct MaskGeometryTests {
    @Test func dilationIsADiscAndFeatherFallsLinearly() throws {
        var values = [UInt8](repeating: 0, count: 11 * 11)
        values[5 * 11 + 5] = 200
        let mask = try FillMask(width: 11, height: 11, values: values)
        let disc = mask.dilated(by: 2)
        #expect(disc.filledCount == 13)
        #expect(disc.values[3 * 11 + 5] == 255 && disc.values[3 * 11 + 6] == 0)
        let ramp = mask.feathered(by: 3).values[(5 * 11 + 5)...].prefix(6)
        #expect(Array(ramp) == [255, 191, 128, 64, 0, 0])
        #expect(mask.feathered(by: 0).values == mask.dilated(by: 0).values)
    }

    @Test func coverageCountsWhatIsWhite() throws {
        let mask = try FillMask(width: 2, height: 2, values: [0, 127, 128, 255])
        #expect(mask.coverage == 0.5 && mask.filledCount == 2)
    }
}
