import Diffusion
import Distillation
import Testing

@Suite("CaptionVocabulary")
struct CaptionVocabularyTests {
    @Test("knows the words of other scenes' captions, gives each a short spelling, and is the same each time")
    func words() throws {
        let tokenizer = CaptionVocabulary.tokenizer(scenes: 1500)
        #expect(tokenizer == CaptionVocabulary.tokenizer(scenes: 1500))
        #expect((100...1000).contains(try #require(tokenizer.words).count))
        #expect(tokenizer.vocabulary.count <= CLIPTextConfiguration.smallVocabulary)
        let generator = SceneGenerator()
        var unknown = 0
        for seed in 0..<100 {
            let caption = generator.scene(seed: 1_000_000 + UInt64(seed), width: 32, height: 32).caption
            unknown += tokenizer.unknownWords(in: caption).count
        }
        #expect(unknown <= 3, "\(unknown) words of 100 captions")
        // A text that fits ends with its end twice: the mark and the padding.
        for phrase in SceneContent.allCases.flatMap(\.phrases) {
            let tokens = tokenizer.encode("a dark gray \(phrase)")
            #expect(Set(tokens.suffix(2)).count == 1 && tokenizer.unknownWords(in: phrase).isEmpty, "\(phrase)")
        }
        #expect(tokenizer.unknownWords(in: "a brick wall and a xylophone") == ["xylophone"])
    }
}
