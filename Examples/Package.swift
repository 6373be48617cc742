// swift-tools-version: 6.3
import PackageDescription

let package = Package(
    name: "examples",
    dependencies: [.package(name: "swift-uring-buffers", path: "..")],
    targets: [
        // The shortest whole program: a queue of ours, a pool, one multishot receive.
        .executableTarget(
            name: "first-steps",
            dependencies: [
                .product(name: "UringBuffers", package: "swift-uring-buffers"),
                .product(name: "UringQueue", package: "swift-uring-buffers"),
            ]),
        // The books of a pool, read on another thread and after its end.
        .executableTarget(
            name: "watch-books",
            dependencies: [
                .product(name: "UringBuffers", package: "swift-uring-buffers"),
                .product(name: "UringBuffersReports", package: "swift-uring-buffers"),
                .product(name: "UringQueue", package: "swift-uring-buffers"),
            ]),
        // The pool in a ring of your own, driven by somebody else's code: here by liburing in C.
        .target(name: "CLoop", linkerSettings: [.linkedLibrary("uring")]),
        .executableTarget(
            name: "own-ring",
            dependencies: ["CLoop", .product(name: "UringBuffers", package: "swift-uring-buffers")]),
        // A file copied past the page cache through registered memory.
        .executableTarget(
            name: "direct-copy",
            dependencies: [
                .product(name: "UringBuffers", package: "swift-uring-buffers"),
                .product(name: "UringQueue", package: "swift-uring-buffers"),
            ]),
        // A server of one's own, fuzzed on the simulated kernel.
        .executableTarget(
            name: "fuzz-lines",
            dependencies: [
                .product(name: "UringBuffers", package: "swift-uring-buffers"),
                .product(name: "UringBuffersTesting", package: "swift-uring-buffers"),
            ]),
    ]
)
