import Testing
import WorkerProtocol

/// How long a photo may take, for scanners that compute, wait, or are kept from the processor.
struct ScanPatienceTests {
    private typealias Look = ScanPatience.Look

    /// - Returns: how many looks the patience lasts, at most 1,000.
    private func looks(_ patience: ScanPatience, _ look: (Int) -> Look) -> Int {
        var patience = patience
        return (0..<1000).first { !patience.goesOn(look($0)) } ?? 1000
    }

    @Test func oneThatGetsNoProcessorIsWaitedFor() {
        #expect(looks(ScanPatience(seconds: 30)) { _ in Look(processorSeconds: 0.4, wantsToRun: true) } == 1000)
    }

    @Test func oneThatComputesForLongerThanTheDeadlineIsNot() {
        // A third of a processor for 100 ms each.
        let last = looks(ScanPatience(seconds: 10)) { Look(processorSeconds: Double($0) / 30, wantsToRun: true) }
        #expect(last == 300)
    }

    @Test func oneThatWaitsForSomethingElseIsNot() {
        let idle = Look(processorSeconds: 0.1, wantsToRun: false)
        #expect(looks(ScanPatience(seconds: 30)) { _ in idle } == ScanPatience.looks - 1)
        // Now and then a thread waits for a disc.
        #expect(looks(ScanPatience(seconds: 30)) { Look(processorSeconds: 0.1, wantsToRun: $0 % 5 == 0) } == 1000)
    }

    @Test func withoutADeadlineNothingIsWaitedFor() {
        #expect(looks(ScanPatience(seconds: 0)) { _ in Look(processorSeconds: 0, wantsToRun: true) } == 0)
    }
}
