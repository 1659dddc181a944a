import Foundation
import Testing

/// The daemon's side of the worker must not bring an image codec into the daemon.
@Suite struct ModulePurityTests {
    @Test func workerProtocolImportsNoCodec() throws {
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Sources/WorkerProtocol")
        let files = try FileManager.default.contentsOfDirectory(at: sources, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "swift" }
        #expect(files.count > 5)
        var imports: Set<String> = []
        for file in files {
            for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
                let words = line.split(separator: " ")
                guard let index = words.firstIndex(of: "import"), index + 1 < words.count, index <= 1 else { continue }
                imports.insert(String(words[index + 1]))
            }
        }
        #expect(imports.isSubset(of: ["Glibc", "Dispatch", "FoundationEssentials", "Synchronization"]))
    }
}
