import Distillation
import Foundation
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// What a run leaves for people to look at.
@Suite(.serialized) struct RunPictureTests {
    @Test func aRunLeavesCurvesAndSheetsOfFills() throws {
        try TestRun.withFolder { folder in
            var sheets: [(SampleSheet, String)] = []
            var schedule = Trainer.Schedule()
            (schedule.metricsInterval, schedule.validationInterval) = (1, 2)
            schedule.writePicture = { sheets.append(($0, $1)) }
            try TestRun.trainer(in: folder).train(schedule)
            #expect(sheets.map(\.1) == ["\(folder)/samples-000002.png", "\(folder)/samples-000004.png"])
            for (sheet, _) in sheets { #expect(sheet.pixels.count == sheet.width * sheet.height * 3) }
            let svg = try XMLDocument(contentsOf: URL(fileURLWithPath: "\(folder)/loss.svg"), options: [])
            let texts = try svg.nodes(forXPath: "//*[local-name()='text']").compactMap(\.stringValue)
            #expect(texts.contains("task") && texts.contains("pre-fill alone"))
            let lines = try svg.nodes(forXPath: "//*[local-name()='polyline']/@points").compactMap(\.stringValue)
            #expect(lines.first?.split(separator: " ").count == 4)
        }
    }
}
