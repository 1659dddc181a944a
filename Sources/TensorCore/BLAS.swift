import CKernels
import COpenBLAS
import Glibc

/// Start-up of OpenBLAS: the kernels for this CPU, and how many threads.
public enum BLAS {
    /// The core type whose kernels are in use, after correction, and what OpenBLAS had picked by itself.
    public struct CoreType: Sendable {
        /// For example "SkylakeX", "Haswell" or "Zen".
        public let inUse: String
        /// What OpenBLAS chose before the correction.
        public let detected: String
        /// True when the choice was corrected.
        public var wasCorrected: Bool { inUse != detected }
    }

    /// Makes sure that the kernels fit the CPU; cheap after the first call.
    @inline(__always) public static func prepare() { _ = coreType }

    /// OpenBLAS 0.3.21 takes CPUs that are newer than itself for a "Prescott" and runs at a fifth of their speed. When
    /// its choice is below what cpuid shows, the dynamic dispatch is shut down and started again with a core type
    /// given; nobody has called BLAS before, since every call goes through `prepare`.
    public static let coreType: CoreType = {
        let detected = currentCoreName()
        guard let better = betterCoreName(than: detected), let quit = symbol("gotoblas_dynamic_quit"),
            let start = symbol("gotoblas_dynamic_init")
        else { return CoreType(inUse: detected, detected: detected) }
        setenv("OPENBLAS_CORETYPE", better, 1)
        quit()
        start()
        return CoreType(inUse: currentCoreName(), detected: detected)
    }()

    private static func currentCoreName() -> String {
        openblas_get_corename().map { String(cString: $0) } ?? "unknown"
    }

    private static func symbol(_ name: String) -> (@convention(c) () -> Void)? {
        // RTLD_DEFAULT is a null handle. OpenBLAS exports both functions with this signature.
        dlsym(nil, name).map { unsafeBitCast($0, to: (@convention(c) () -> Void).self) }
    }

    /// Core types with AVX2 or AVX-512 kernels; all others of x86-64 are older.
    private static let avx2Cores: Set = ["Haswell", "Zen", "Excavator"]
    private static let avx512Cores: Set = ["SkylakeX", "Cooperlake", "SapphireRapids"]

    static func betterCoreName(than detected: String) -> String? {
        #if arch(x86_64)
            guard getenv("OPENBLAS_CORETYPE") == nil, !avx512Cores.contains(detected) else { return nil }
            let level = rk_x86_level()
            if level >= 4, !avx2Cores.contains(detected) || detected == "Haswell" { return "SkylakeX" }
            if level >= 3, !avx2Cores.contains(detected) { return "Haswell" }
        #endif
        return nil
    }

    /// Threads for convolutions, matrix products and element-wise kernels alike: they share libgomp's pool.
    ///
    /// libgomp keeps the number for each thread that calls it, so set it on the thread that runs the engine: set
    /// elsewhere it has no effect there.
    public static var threads: Int {
        get { Int(rk_threads()) }
        set {
            rk_set_threads(Int32(newValue))
            openblas_set_num_threads(Int32(max(1, newValue)))
        }
    }
}
