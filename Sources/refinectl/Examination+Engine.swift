import BusTransport
import FoundationEssentials
import RefineBus

extension Examination {
    /// The kernels that the matrix library uses. OpenBLAS takes CPUs that are newer than itself for very old ones, and is
    /// then several times slower; refined corrects that where it can.
    func engine(_ properties: [String: BusValue]) -> Check {
        let model = properties["Model"]?.options ?? [:]
        let core: String = model["blas-core"]?.content() ?? "",
            detected: String = model["blas-detected"]?.content() ?? ""
        let threads: UInt32 = model["threads"]?.content() ?? 0
        guard !core.isEmpty else {
            return Check(
                part: "engine", verdict: .warning, finding: "nothing is known of it while there is no model",
                remedy: "make the model work first")
        }
        let level = Self.vectorLevel
        let finding =
            "kernels for \(core)" + (core == detected ? "" : ", corrected from \(detected)")
            + ", \(threads) thread\(threads == 1 ? "" : "s")"
        guard let level, !level.cores.contains(core) else {
            return Check(part: "engine", verdict: .ok, finding: finding)
        }
        return Check(
            part: "engine", verdict: .warning, finding: finding + "; this CPU has \(level.name), so fills are slow",
            remedy: "run: systemctl --user edit refined, and below [Service] put "
                + "Environment=OPENBLAS_CORETYPE=\(level.cores[0]); then restart refined")
    }

    /// What this CPU can do at best, and OpenBLAS' names of the cores whose kernels use it; nil where all kernels do.
    private static var vectorLevel: (name: String, cores: [String])? {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("flags") } ?? ""
        let flags = Set(line.split(separator: " ").map(String.init))
        let newest = ["SkylakeX", "Cooperlake", "SapphireRapids"], middle = ["Haswell", "Zen", "Excavator"]
        if flags.isSuperset(of: ["avx512f", "avx512bw", "avx512dq", "avx512vl"]) {
            return ("AVX-512", newest + middle)
        }
        if flags.isSuperset(of: ["avx2", "fma"]) { return ("AVX2", middle + newest) }
        return nil
    }
}
