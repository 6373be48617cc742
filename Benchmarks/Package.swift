// swift-tools-version: 6.3
import PackageDescription

// A package of its own, so that nobody who uses the library downloads what its benchmarks compare it with.
let package = Package(
    name: "uring-buffers-benchmarks",
    dependencies: [
        .package(name: "swift-uring-buffers", path: ".."),
        // The peer of `echo`.
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    ],
    targets: [
        // The unsafe C floor, and the benchmark's own view of a ring's memory.
        .target(name: "CMicroFloor"),
        .executableTarget(
            name: "bench-micro",
            dependencies: [
                "CMicroFloor",
                .product(name: "UringBuffers", package: "swift-uring-buffers"),
                .product(name: "UringQueue", package: "swift-uring-buffers"),
            ]),
        // Replaces malloc and its family in whatever executable links it.
        .target(name: "CAllocationCounter"),
        .executableTarget(
            name: "count-allocations",
            dependencies: [
                "CAllocationCounter", "CMicroFloor",
                .product(name: "UringBuffers", package: "swift-uring-buffers"),
                .product(name: "UringQueue", package: "swift-uring-buffers"),
            ]),
        // The spare-order experiment, in C.
        .executableTarget(name: "bench-spares", linkerSettings: [.linkedLibrary("uring")]),
        // The curves of the sizing guide.
        .executableTarget(
            name: "bench-sizing",
            dependencies: [
                .product(name: "UringBuffers", package: "swift-uring-buffers"),
                .product(name: "UringQueue", package: "swift-uring-buffers"),
            ]),
        // A burst and back: resident memory and pauses.
        .executableTarget(
            name: "bench-elastic",
            dependencies: [
                .product(name: "UringBuffers", package: "swift-uring-buffers"),
                .product(name: "UringQueue", package: "swift-uring-buffers"),
            ]),
        // Echo: the usual C, swift-nio, and the load client.
        .executableTarget(name: "echo-c", linkerSettings: [.linkedLibrary("uring")]),
        .executableTarget(
            name: "echo-nio",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        .executableTarget(name: "echo-load"),
    ]
)
