import BusTransport
import Glibc
import RefineBus

extension Examination {
    /// The folders whose photos refined may learn from.
    func folders(_ bus: BusConnection) async -> Check {
        let folders: [[String: BusValue]]
        do {
            folders = try await LibraryProxy(bus).folders()
        } catch {
            return .failed("folders", error)
        }
        guard !folders.isEmpty else {
            return Check(
                part: "folders", verdict: .ok, finding: "none is watched, so refined learns from no photo",
                remedy: "to let it learn: refinectl library add ~/Pictures")
        }
        func path(_ folder: [String: BusValue]) -> String {
            RawPath.shown(folder["path"]?.content(as: [UInt8].self) ?? [])
        }
        // refined looks when it is told of a change; here it is looked now.
        func isGone(_ folder: [String: BusValue]) -> Bool {
            let bytes: [UInt8] = folder["path"]?.content() ?? []
            return folder["state"]?.content() == "unavailable"
                || access(bytes.map { CChar(bitPattern: $0) } + [0], R_OK) != 0
        }
        if let gone = folders.first(where: isGone) {
            return Check(
                part: "folders", verdict: .warning, finding: "\(path(gone)) is not there",
                remedy: "mount it, or: refinectl library remove \(path(gone))")
        }
        var states: [String: UInt64] = [:]
        for folder in folders {
            states.merge(folder["images"]?.content(as: [String: UInt64].self) ?? [:], uniquingKeysWith: +)
        }
        let count = states["ready", default: 0] + states["new", default: 0]
        let finding = "\(folders.count) watched, \(count) photo\(count == 1 ? "" : "s")"
        guard let bad = states["quarantined"], bad > 0 else {
            return Check(part: "folders", verdict: .ok, finding: finding)
        }
        return Check(
            part: "folders", verdict: .ok, finding: finding + ", \(bad) damaged and left out",
            remedy: "see: refinectl library list --photos --state quarantined")
    }
}
