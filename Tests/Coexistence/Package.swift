// swift-tools-version: 6.3
import PackageDescription

let package = Package(
    name: "coexistence",
    dependencies: [
        .package(name: "swift-uring-buffers", path: "../.."),
        .package(url: "https://github.com/apple/swift-system", from: "1.6.0"),
    ],
    targets: [
        .executableTarget(
            name: "coexistence",
            dependencies: [
                .product(name: "UringBuffers", package: "swift-uring-buffers"),
                .product(name: "UringQueue", package: "swift-uring-buffers"),
                .product(name: "SystemPackage", package: "swift-system"),
            ])
    ]
)
