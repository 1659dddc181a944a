import Distillation
import RefineConfig
import Testing

struct RecipeSettingTests {
    /// The setting is described in a target that may not know the recipe.
    @Test func aRunHasAsManyStepsAsTheRecipeSays() {
        #expect(SettingKey.tuningSteps.standard == .integer(PersonalRecipe.steps))
    }
}
