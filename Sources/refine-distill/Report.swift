import ArgumentParser
import Distillation
import Foundation
import Layers

struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell how a run or a comparison stands, also while it runs.",
        discussion: """
            EXAMPLES
              refine-distill report runs/student
              refine-distill report runs/student --json | jq '.metrics[-1].validation'
            """)

    @Argument(help: "The folder of a run, or of an ablation.") var folder: String
    @Flag(help: "Everything as JSON.") var json = false

    func run() throws {
        let table = "\(folder)/ablation.\(json ? "json" : "md")"
        if let data = FileManager.default.contents(atPath: table) {
            return print(String(decoding: data, as: UTF8.self))
        }
        // Of a comparison that is under way: every arm that has begun.
        let arms = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted().filter { name in
            AblationArm.allCases.contains { name.hasPrefix("\($0.rawValue)-seed") }
        }
        guard !arms.isEmpty else { return try show([try RunReport(reading: folder)], [""]) }
        try show(try arms.map { try RunReport(reading: "\(folder)/\($0)") }, arms)
    }

    private func show(_ reports: [RunReport], _ names: [String]) throws {
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            let data =
                names == [""]
                ? try encoder.encode(reports[0])
                : try encoder.encode(Dictionary(uniqueKeysWithValues: zip(names, reports)))
            return print(String(decoding: data, as: UTF8.self))
        }
        for (name, report) in zip(names, reports) {
            print(name.isEmpty ? report.text : "\(name)\n\(report.text)\n")
        }
    }
}
