import Diffusion

/// The words of the scene generator's captions, as the tokenizer of the models that are trained on them.
public enum CaptionVocabulary {
    /// A tokenizer of at most `CLIPTextConfiguration.smallVocabulary` tokens, from the captions of `scenes` scenes and
    /// the phrases for what lies under holes.
    ///
    /// What a scene shows does not depend on its size, so the scenes are as small as they can be; only the words for
    /// its light may differ. The same numbers give the same tokenizer.
    /// - Parameters:
    ///   - seed: of the scenes.
    ///   - scenes: so many that every word has its chance to be drawn.
    public static func tokenizer(seed: UInt64 = 0, scenes: Int = 1000) -> CLIPTokenizer {
        let generator = SceneGenerator()
        var captions = (0..<scenes).map { i in
            generator.scene(seed: seed &+ UInt64(i), width: 8, height: 8).caption
        }
        // Phrases stand for themselves in most captions, so their words count as often as common ones.
        for phrase in HoleCaption.vocabulary { captions += Array(repeating: phrase, count: 8) }
        return CLIPTokenizer.trained(
            on: captions, vocabularySize: CLIPTextConfiguration.smallVocabulary,
            length: CLIPTextConfiguration.smallLength)
    }
}
