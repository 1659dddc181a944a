// swift-tools-version: 6.1
import PackageDescription

// System libraries come from the distribution (see scripts/dependencies). oneDNN is reached only through the few C
// functions of COneDNN, so that an x86-64 or arm64 build needs nothing but a libdnnl of the 2.x series.
let package = Package(
    name: "refine-control",
    products: [
        .executable(name: "refined", targets: ["refined"]),
        .executable(name: "refine-worker", targets: ["refine-worker"]),
        .executable(name: "refine-tuner", targets: ["refine-tuner"]),
        .executable(name: "refinectl", targets: ["refinectl"]),
        .executable(name: "refine-distill", targets: ["refine-distill"]),
        .executable(name: "refine-bench", targets: ["refine-bench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.6.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.4.0"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    ],
    targets: [
        // C: module maps, thin shims, vector kernels, seccomp.
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-openmp-dev"])]),
        .systemLibrary(name: "CDBus", pkgConfig: "dbus-1", providers: [.apt(["libdbus-1-dev"])]),
        .systemLibrary(name: "CVips", pkgConfig: "vips", providers: [.apt(["libvips-dev"])]),
        .target(name: "COneDNN", linkerSettings: [.linkedLibrary("dnnl")]),
        .target(
            name: "CKernels", cSettings: [.unsafeFlags(["-O3", "-ffp-contract=fast"])],
            linkerSettings: [.linkedLibrary("gomp"), .linkedLibrary("m")]),
        .target(name: "CJPEG", linkerSettings: [.linkedLibrary("jpeg")]),
        .target(name: "CPNG", linkerSettings: [.linkedLibrary("deflate")]),
        .target(name: "CSandbox"),
        .target(name: "CWayland", linkerSettings: [.linkedLibrary("wayland-client")]),

        // The engine.
        .target(name: "TensorCore", dependencies: ["COpenBLAS", "COneDNN", "CKernels"]),
        .target(name: "Autograd", dependencies: ["TensorCore"]),
        .target(name: "Layers", dependencies: ["Autograd", "TensorCore", "CKernels"]),

        // The model and the method.
        .target(
            name: "Diffusion", dependencies: ["Layers", "Autograd", "TensorCore"],
            resources: [.copy("Resources/default-student"), .copy("Resources/compact-student")]),
        .target(name: "Inpainting", dependencies: ["Diffusion", "CKernels"]),
        .target(name: "Metrics", dependencies: ["Inpainting", "Diffusion", "Layers", "Autograd", "TensorCore"]),
        .target(
            name: "Distillation",
            dependencies: ["Metrics", "Inpainting", "Diffusion", "Layers", "Autograd", "TensorCore"]),

        // Files, the sandboxed worker, the bus, the daemon.
        .target(name: "ImageCodec", dependencies: ["CVips", "CJPEG", "CPNG"]),
        .target(name: "WorkerProtocol"),
        .target(name: "WorkerGuards", dependencies: ["WorkerProtocol", "CSandbox"]),
        .target(name: "WorkerRoles", dependencies: ["ImageCodec", "WorkerProtocol", "WorkerGuards", "CSandbox"]),
        // Apart from WorkerRoles: loading the mathematics libraries would slow every decoding worker down.
        .target(
            name: "WorkerTuning",
            dependencies: [
                "Distillation", "Metrics", "Diffusion", "Layers", "TensorCore", "WorkerProtocol", "WorkerGuards",
                "CSandbox",
            ]),
        .target(name: "BusTransport", dependencies: ["CDBus", .product(name: "Logging", package: "swift-log")]),
        .target(name: "RefineBus", dependencies: ["BusTransport"]),
        .target(name: "Personalization"),
        .target(name: "ImageLibrary", dependencies: [.product(name: "GRDB", package: "GRDB.swift")]),
        .target(
            name: "RefineDaemon",
            dependencies: [
                "Inpainting", "ImageLibrary", "Personalization", "RefineBus", "WorkerProtocol", "CSandbox", "CWayland",
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"),
            ]),

        .target(
            name: "RefineConfig", dependencies: ["Personalization", .product(name: "TOMLKit", package: "TOMLKit")]),

        // Executables, thin.
        .executableTarget(
            name: "refined",
            dependencies: [
                "RefineDaemon", "RefineBus", "RefineConfig", "Personalization",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(name: "refine-worker", dependencies: ["WorkerRoles"]),
        .executableTarget(name: "refine-tuner", dependencies: ["WorkerTuning"]),
        .executableTarget(
            name: "refinectl",
            dependencies: [
                "RefineBus", "RefineConfig", "Personalization", "CSandbox",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(
            name: "refine-distill",
            dependencies: [
                "Distillation", "Personalization", "Metrics", "Diffusion", "Layers", "TensorCore", "ImageCodec",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(
            name: "refine-bench",
            dependencies: [
                "Metrics", "Inpainting", "Diffusion", "Layers", "Autograd", "TensorCore", "ImageLibrary", "ImageCodec",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        // Tests.
        .target(name: "TestSupport", dependencies: ["BusTransport"], path: "Tests/Support"),
        .target(name: "NaiveOracle", path: "Tests/NaiveOracle"),
        .testTarget(name: "TensorCoreTests", dependencies: ["TensorCore", "CKernels", "NaiveOracle"]),
        .testTarget(name: "AutogradTests", dependencies: ["Autograd", "NaiveOracle"]),
        .testTarget(name: "LayersTests", dependencies: ["Layers"]),
        .testTarget(
            name: "DiffusionTests", dependencies: ["Diffusion", "TestSupport"], resources: [.copy("Fixtures")]),
        .testTarget(name: "InpaintingTests", dependencies: ["Inpainting", "Diffusion", "Metrics"]),
        .testTarget(
            name: "MetricsTests", dependencies: ["Metrics", "ImageCodec", "Layers", "TensorCore", "TestSupport"],
            resources: [.copy("Goldens")]),
        .testTarget(name: "DistillationTests", dependencies: ["Distillation", "Diffusion", "Layers"]),
        .executableTarget(name: "guard-probe", dependencies: ["CSandbox"], path: "Tests/GuardProbe"),
        .executableTarget(
            name: "mutation-probe", dependencies: ["ImageCodec", "CSandbox"], path: "Tests/MutationProbe"),
        .testTarget(
            name: "WorkerTests",
            dependencies: [
                "WorkerRoles", "WorkerProtocol", "ImageCodec", "CVips", "CJPEG", "TestSupport", "guard-probe",
            ]),
        .target(name: "KernelBattery", dependencies: ["CKernels"], path: "Tests/KernelBattery"),
        // The sources of CKernels once more, without the clones for newer CPUs.
        .executableTarget(
            name: "baseline-kernels", path: "Tests/BaselineKernels",
            cSettings: [
                .define("REFINE_BASELINE_KERNELS"), .headerSearchPath("../../Sources/CKernels"),
                .headerSearchPath("../../Sources/CKernels/include"), .headerSearchPath("../KernelBattery/include"),
            ],
            linkerSettings: [.linkedLibrary("gomp"), .linkedLibrary("m")]),
        .testTarget(
            name: "TuningTests",
            dependencies: [
                "WorkerProtocol", "Distillation", "Diffusion", "Layers", "TensorCore", "ImageCodec", "RefineDaemon",
                "ImageLibrary", "Personalization", "BusTransport", "RefineConfig", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .testTarget(name: "PersonalizationTests", dependencies: ["Personalization"]),
        .target(
            name: "CompositorStub", path: "Tests/CompositorStub",
            linkerSettings: [.linkedLibrary("wayland-server"), .linkedLibrary("pthread")]),
        .testTarget(
            name: "SurroundingsTests",
            dependencies: [
                "RefineDaemon", "RefineBus", "BusTransport", "ImageLibrary", "Personalization", "TestSupport",
                "CompositorStub", .product(name: "Logging", package: "swift-log"),
            ]),
        .testTarget(
            name: "LibraryTests",
            dependencies: ["ImageLibrary", "WorkerProtocol", "ImageCodec", "TestSupport", "RefineBus"]),
        .testTarget(name: "BusTests", dependencies: ["RefineBus", "RefineDaemon", "Inpainting", "TestSupport"]),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "RefineBus", "ImageCodec", "Diffusion", "Layers", "TensorCore", "TestSupport", "KernelBattery",
                "baseline-kernels",
            ]),
        .testTarget(name: "ConfigTests", dependencies: ["RefineConfig", "TestSupport"]),
        .testTarget(name: "StructureTests"),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu11
)
