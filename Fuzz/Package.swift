// swift-tools-version: 6.3
// Fuzz targets and long runs: a package of its own, so that nobody who uses the libraries builds or downloads it.
import PackageDescription

let settings: [SwiftSetting] = [
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let arithmetic: Target.Dependency = .product(name: "RingArithmetic", package: "swift-uring-buffers")

let package = Package(
    name: "swift-uring-buffers-fuzz",
    products: [
        .executable(name: "fuzz-canary", targets: ["FuzzCanary"]),
        .executable(name: "fuzz-ring-arithmetic", targets: ["FuzzRingArithmetic"]),
        .executable(name: "fuzz-simulated-kernel", targets: ["FuzzSimulatedKernel"]),
        .executable(name: "arithmetic-exhaustive", targets: ["ArithmeticExhaustive"]),
    ],
    dependencies: [.package(name: "swift-uring-buffers", path: "..")],
    targets: [
        // Bytes as commands on a ring, and the wide-integer model of one.
        .target(name: "RingCommands", dependencies: [arithmetic], swiftSettings: settings),
        .executableTarget(name: "FuzzCanary", dependencies: ["RingCommands"], swiftSettings: settings),
        .executableTarget(name: "FuzzRingArithmetic", dependencies: ["RingCommands"], swiftSettings: settings),
        // Bytes as a program on a buffer group and as the schedule of the simulated kernel below it.
        .executableTarget(
            name: "FuzzSimulatedKernel",
            dependencies: [
                .product(name: "UringBuffers", package: "swift-uring-buffers"),
                .product(name: "UringBuffersTesting", package: "swift-uring-buffers"),
            ],
            swiftSettings: settings),
        .executableTarget(name: "ArithmeticExhaustive", dependencies: [arithmetic], swiftSettings: settings),
    ]
)
