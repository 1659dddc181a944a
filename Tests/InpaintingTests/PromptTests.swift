import Inpainting
import Testing

@Suite("Prompts of a fill")
struct PromptTests {
    /// Two holes so far apart that each gets a crop of its own.
    private func photo() throws -> (RasterImage, FillMask) {
        var random = TestRandom(3)
        let image = try random.image(width: 900, height: 40, bitDepth: 8)
        var values = [UInt8](repeating: 0, count: 900 * 40)
        for y in 15..<20 {
            for x in [10, 11, 12, 880, 881, 882] { values[y * 900 + x] = 255 }
        }
        return (image, try FillMask(width: 900, height: 40, values: values))
    }

    @Test("the text is encoded once for all crops, and unknown words are told")
    func encodedOnce() throws {
        let (image, mask) = try photo(), pipeline = FakePipeline(hasTextEncoder: true) { $0.prefill }
        let result = try fill(
            image, mask, FillOptions(steps: 1, prompt: "a zebra on sand, zzz", guidance: 2), with: pipeline)
        #expect(pipeline.requests.count == 2 && pipeline.encodings == 1)
        #expect(pipeline.requests.allSatisfy { $0.prompt == "a zebra on sand, zzz" && $0.guidance == 2 })
        #expect(result.unknownWords == ["zebra", "zzz"])
        #expect(try fill(image, mask, FillOptions(steps: 1), with: pipeline).unknownWords == [])
    }

    @Test("text that a model cannot follow is refused, and the prompt is not repeated")
    func refused() throws {
        let (image, mask) = try photo()
        func attempt(_ options: FillOptions, _ pipeline: FakePipeline) -> FillError? {
            do {
                _ = try fill(image, mask, options, with: pipeline)
                return nil
            } catch { return error as? FillError }
        }
        let error = attempt(FillOptions(prompt: "secret"), .identity())
        #expect(error?.code == .invalidOption && error?.argument == "prompt")
        #expect(error?.description.contains("secret") == false)
        #expect(error?.description.contains("text encoder") == true)
        let able = FakePipeline(hasTextEncoder: true) { $0.prefill }
        #expect(
            attempt(FillOptions(steps: 1, prompt: String(repeating: "a ", count: 1001)), able)?.argument == "prompt")
        for guidance: Float in [-1, 31, .nan, .infinity] {
            #expect(attempt(FillOptions(steps: 1, prompt: "sand", guidance: guidance), able)?.argument == "guidance")
        }
        #expect(attempt(FillOptions(steps: 1, prompt: "sand", guidance: 30), able) == nil)
    }
}
