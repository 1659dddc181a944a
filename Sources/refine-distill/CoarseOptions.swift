import ArgumentParser
import Distillation

/// What is done for the coarse levels of a network that learns by the task's loss.
struct CoarseOptions: ParsableArguments {
    @Option(
        help: """
            What the coarse levels' own errors count: each of them then predicts the residual at its own scale, beside \
            the task. 0 for nothing.
            """)
    var coarseWeight: Float = 0
    @Option(help: "How many of the coarsest levels of --start's U-Net begin anew, with random weights.")
    var renewLevels = 0

    func validate() throws {
        guard (0...100).contains(coarseWeight) else {
            throw ValidationError("--coarse-weight is \(coarseWeight); give 0 to 100")
        }
        guard (0...16).contains(renewLevels) else {
            throw ValidationError("--renew-levels is \(renewLevels); give 0 or more")
        }
    }

    /// - Throws: `ValidationError` when there is nothing to renew.
    func apply(to training: inout TrainingConfiguration, start: String?) throws {
        guard renewLevels == 0 || start != nil else {
            throw ValidationError("--renew-levels needs --start: all of a new network is new")
        }
        training.coarseWeight = coarseWeight > 0 ? coarseWeight : nil
        training.renewedLevels = renewLevels > 0 ? renewLevels : nil
    }
}
