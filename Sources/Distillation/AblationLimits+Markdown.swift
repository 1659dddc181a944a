import Foundation
import Metrics

extension AblationLimits {
    /// Both tables as Markdown.
    public func markdown() -> String {
        (biasTable() + [""] + libraryTable()).joined(separator: "\n")
    }

    private func biasTable() -> [String] {
        var lines = [
            "## What students took over of the teacher's errors", "",
            "At one step. Correlation of errors over the samples of the holes; gains in dB of mean PSNR over (a) of the same "
                + "seed, on crops where the teacher is better than (a) and where it is worse.", "",
            "| crops | content | student | seed | with the teacher's | (a) with the teacher's | gain, teacher better | "
                + "gain, teacher worse | crops, of these teacher worse |", "|---|---|---|---|---|---|---|---|---|",
        ]
        func gain(_ value: Double?) -> String { value.map { String(format: "%+.2f", $0) } ?? "" }
        for row in bias.rows {
            lines.append(
                "| \(row.set) | \(row.content) | \(row.name) | \(row.seed) | \(String(format: "%.3f", row.correlation)) | "
                    + "\(String(format: "%.3f", row.scratchCorrelation)) | \(gain(row.gainWhereTeacherIsBetter)) | "
                    + "\(gain(row.gainWhereTeacherIsWorse)) | \(row.crops), \(row.cropsWhereTeacherIsWorse) |")
        }
        return bias.rows.isEmpty ? ["The teacher's bias needs arm a and one that learns from the teacher."] : lines
    }

    private func libraryTable() -> [String] {
        guard !libraries.isEmpty else { return ["Libraries were not compared: that needs --unlabelled and arm d."] }
        let shown: [FillMetric] = [.psnr, .psnrPooled, .ssim]
        var lines = [
            "## Stage 2 by the quality of the library", "",
            "From arm (d); \(shown.map(\.title).joined(separator: " / ")) at one step, SWD at \(samplingSteps).", "",
        ]
        let sets = Set(libraries.flatMap(\.oneStep.keys)).sorted()
        lines += [
            "| library | seed | steps | \(sets.joined(separator: " | ")) |",
            "|---|---|---|" + String(repeating: "---|", count: sets.count),
        ]
        for row in libraries {
            let cells = sets.map { set in
                func number(_ figures: AblationTable.Figures, _ metric: FillMetric) -> String {
                    figures[set]?[metric.rawValue]?.value.map { String(format: "%.\(metric.digits)f", $0) } ?? "-"
                }
                let swd = number(row.moreSteps.isEmpty ? row.oneStep : row.moreSteps, .swd)
                return (shown.map { number(row.oneStep, $0) } + [swd]).joined(separator: " / ")
            }
            lines.append(
                "| \(row.library?.title ?? "before stage 2") | \(row.seed) | \(row.steps) | "
                    + cells.joined(separator: " | ") + " |")
        }
        return lines
    }
}
