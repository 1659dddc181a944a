/// What each target may import, besides the platform: the structure of the package, one line for each target. Imports
/// go one way only, from the lines further down to those further up.
enum ImportTable {
    static let rows: [(target: String, imports: [String])] = [
        // C: module maps, thin shims, vector kernels, seccomp and Landlock.
        ("COpenBLAS", []),
        ("COneDNN", []),
        ("CDBus", []),
        ("CVips", []),
        ("CJPEG", []),
        ("CPNG", []),
        ("CKernels", []),
        ("CSandbox", []),
        ("CWayland", []),

        // The engine.
        ("TensorCore", ["COpenBLAS", "COneDNN", "CKernels"]),
        ("Autograd", ["TensorCore"]),
        // CKernels: the optimiser's update and half precision.
        ("Layers", ["Autograd", "TensorCore", "CKernels"]),

        // The model and the method.
        ("Diffusion", ["Layers", "Autograd", "TensorCore"]),
        // CKernels: the plate solver of the pre-fill.
        ("Inpainting", ["Diffusion", "Layers", "TensorCore", "CKernels"]),
        ("Metrics", ["Inpainting", "Diffusion", "Layers", "Autograd", "TensorCore"]),
        ("Distillation", ["Metrics", "Inpainting", "Diffusion", "Layers", "Autograd", "TensorCore"]),

        // Files and the sandboxed worker.
        ("ImageCodec", ["CVips", "CJPEG", "CPNG"]),
        ("WorkerProtocol", []),
        ("WorkerGuards", ["CSandbox", "WorkerProtocol"]),
        ("WorkerRoles", ["ImageCodec", "CSandbox", "WorkerGuards", "WorkerProtocol"]),
        // Apart from the roles that decode, which start once for each photo and must not load mathematics libraries.
        (
            "WorkerTuning",
            [
                "Distillation", "Metrics", "Diffusion", "Layers", "TensorCore", "CSandbox", "WorkerGuards",
                "WorkerProtocol",
            ]
        ),

        // The daemon.
        ("ImageLibrary", ["GRDB"]),
        ("Personalization", []),
        ("BusTransport", ["CDBus", "Logging"]),
        ("RefineBus", ["BusTransport"]),
        // BusTransport comes with RefineBus, whose calls take its values.
        (
            "RefineDaemon",
            [
                "Inpainting", "ImageLibrary", "Personalization", "RefineBus", "BusTransport", "WorkerProtocol",
                "CSandbox", "CWayland", "ServiceLifecycle", "UnixSignals", "Logging",
            ]
        ),

        // Settings, for the daemon's program and its client. Personalization reads schedules.
        ("RefineConfig", ["Personalization", "TOMLKit"]),

        // Python, for file managers and Krita: they know the bus alone.
        ("desktop", []),

        // Executables, thin. CSandbox: the client takes the guards against sockets and core dumps on itself too.
        (
            "refined",
            ["RefineDaemon", "RefineBus", "RefineConfig", "Personalization", "Logging", "ArgumentParser"]
        ),
        ("refine-worker", ["WorkerRoles"]),
        ("refine-tuner", ["WorkerTuning"]),
        // Personalization: schedules are read and drawn where they are typed.
        (
            "refinectl",
            ["RefineBus", "BusTransport", "RefineConfig", "Personalization", "CSandbox", "ArgumentParser"]
        ),
        (
            "refine-distill",
            [
                "Distillation", "Personalization", "Metrics", "Inpainting", "Diffusion", "Layers", "TensorCore",
                "ImageCodec", "ArgumentParser",
            ]
        ),
        (
            "refine-bench",
            [
                "Metrics", "Inpainting", "Diffusion", "Layers", "Autograd", "TensorCore", "ImageLibrary", "ImageCodec",
                "ArgumentParser",
            ]
        ),
    ]

    /// Modules of the toolchain and the C library, which every target may import.
    static let platform: Set = [
        "Swift", "Foundation", "FoundationEssentials", "Glibc", "Dispatch", "Synchronization",
    ]

    /// Photos reach the daemon and its client as raw pixels only, and neither can train: they never come to these
    /// modules, not even by way of others.
    static let neverReached: [(targets: [String], modules: [String])] = [
        (
            ["refined", "refinectl", "RefineDaemon", "RefineBus"],
            ["ImageCodec", "CVips", "CJPEG", "CPNG", "Distillation", "WorkerRoles"]
        ),
        (["refinectl"], ["RefineDaemon", "Inpainting", "Diffusion", "TensorCore"]),
        (["WorkerProtocol"], ["Inpainting", "ImageCodec"]),
        // No decoder where files are written, no training where files are decoded.
        (["refine-tuner", "WorkerTuning"], ["ImageCodec", "CVips", "CJPEG", "CPNG"]),
        (["refine-worker", "WorkerRoles"], ["Distillation", "TensorCore"]),
    ]

    static func allowed(_ target: String) -> Set<String>? {
        rows.first { $0.target == target }.map { Set($0.imports) }
    }
}
