// swift-tools-version: 6.3
import PackageDescription

// Warnings are errors where we check ourselves, never on the machine of somebody who only builds us.
let checkingOurselves = Context.environment["URING_BUFFERS_WARNINGS_AS_ERRORS"] != nil

var settings: [SwiftSetting] = [
    .strictMemorySafety(),
    .enableExperimentalFeature("Lifetimes"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]
if checkingOurselves { settings.append(.treatAllWarnings(as: .error)) }

let package = Package(
    name: "swift-uring-buffers",
    products: [
        .library(name: "UringBuffers", targets: ["UringBuffers"]),
        .library(name: "UringQueue", targets: ["UringQueue"]),
        .library(name: "RingArithmetic", targets: ["RingArithmetic"]),
        .library(name: "UringBuffersReports", targets: ["UringBuffersReports"]),
        .library(name: "UringBuffersMetrics", targets: ["UringBuffersMetrics"]),
        .library(name: "UringBuffersTesting", targets: ["UringBuffersTesting"]),
        .executable(name: "uring-buffers", targets: ["uring-buffers"]),
    ],
    traits: [
        .trait(name: "SwiftMetrics", description: "Fills UringBuffersMetrics, which publishes through swift-metrics.")
    ],
    dependencies: [
        // Only the command-line tool needs these; a package that uses the libraries does not download them.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
        // Only with the trait SwiftMetrics; without it this is not even downloaded.
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    ],
    targets: [
        // C: ring memory accessors, raw register calls, the submission and completion queue over liburing.
        .target(name: "CUring", linkerSettings: [.linkedLibrary("uring")]),
        // Pure integers: capacities, free-running indices, runs that wrap. Imports nothing.
        .target(name: "RingArithmetic", swiftSettings: settings),
        // The library: memory, buffer rings, groups, handles, books.
        .target(
            name: "UringBuffers", dependencies: ["CUring", "RingArithmetic"],
            // A model for spin, see Scripts/model-check.
            exclude: ["Group/ReturnStack.pml", "Group/ReturnStackState.pml"], swiftSettings: settings),
        // A small complete I/O stack that uses the library.
        .target(name: "UringQueue", dependencies: ["CUring", "UringBuffers"], swiftSettings: settings),
        // Snapshots as JSON, Prometheus text, OpenMetrics and a page for people: pure functions.
        .target(name: "UringBuffersReports", dependencies: ["UringBuffers"], swiftSettings: settings),
        // Snapshots to a backend of swift-metrics. Empty without the trait.
        .target(
            name: "UringBuffersMetrics",
            dependencies: [
                "UringBuffers", "UringBuffersReports",
                .product(name: "CoreMetrics", package: "swift-metrics", condition: .when(traits: ["SwiftMetrics"])),
            ],
            swiftSettings: settings),
        // For tests and fuzzers, ours and other people's: a simulated kernel that consumes buffer rings.
        .target(
            name: "UringBuffersTesting", dependencies: ["CUring", "RingArithmetic", "UringBuffers"],
            swiftSettings: settings),
        // The tool: proxy, echo, demo, top, doctor.
        .executableTarget(
            name: "uring-buffers",
            dependencies: [
                "CUring", "UringBuffers", "UringBuffersReports", "UringQueue",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "FlyingFox", package: "FlyingFox"),
            ],
            // In the program itself, so that it can be moved without a folder beside it.
            resources: [.embedInCode("Observe/page.html")], swiftSettings: settings),
        // For tests: a seeded generator that prints its seed when a test fails.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
        .testTarget(name: "TestSupportTests", dependencies: ["TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "RingArithmeticTests", dependencies: ["RingArithmetic", "TestSupport"], swiftSettings: settings),
        // For tests: what liburing itself does, behind plain functions. Its header stays inside, as in CUring.
        .target(
            name: "CLiburingReference", path: "Tests/CLiburingReference", linkerSettings: [.linkedLibrary("uring")]),
        .testTarget(
            name: "CUringTests",
            dependencies: ["CLiburingReference", "CUring", "RingArithmetic", "TestSupport", "UringBuffers"],
            swiftSettings: settings),
        // Tests. C: rings made by system calls and by liburing. Swift: sockets, byte streams, threads, process state.
        .target(name: "CBareRing", path: "Tests/CBareRing", linkerSettings: [.linkedLibrary("uring")]),
        .target(
            name: "KernelSupport", dependencies: ["CBareRing", "UringBuffers", "UringQueue"],
            path: "Tests/KernelSupport", swiftSettings: settings),
        .testTarget(
            name: "UringBuffersTests",
            dependencies: [
                "CBareRing", "CUring", "KernelSupport", "RingArithmetic", "TestSupport", "UringBuffers", "UringQueue",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "UringQueueTests",
            dependencies: ["CBareRing", "KernelSupport", "UringBuffers", "UringBuffersTesting", "UringQueue"],
            swiftSettings: settings),
        .testTarget(
            name: "UringBuffersReportsTests",
            dependencies: ["KernelSupport", "TestSupport", "UringBuffers", "UringBuffersReports", "UringQueue"],
            swiftSettings: settings),
        .testTarget(
            name: "UringBuffersMetricsTests",
            dependencies: [
                "KernelSupport", "TestSupport", "UringBuffers", "UringBuffersMetrics", "UringBuffersReports",
                "UringQueue",
                .product(name: "MetricsTestKit", package: "swift-metrics", condition: .when(traits: ["SwiftMetrics"])),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "UringBuffersTestingTests",
            dependencies: [
                "CBareRing", "CUring", "KernelSupport", "RingArithmetic", "TestSupport", "UringBuffers",
                "UringBuffersTesting", "UringQueue",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "CompileFailTests", dependencies: ["RingArithmetic", "UringBuffers", "UringQueue"],
            exclude: ["Snippets"], swiftSettings: settings),
        // Tests. The tool as a program: it is built before these run, and found beside them.
        .testTarget(
            name: "ToolTests", dependencies: ["UringBuffers", "UringBuffersReports", "uring-buffers"],
            swiftSettings: settings),
    ]
)
