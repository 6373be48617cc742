// What each ability of a kernel is called in sentences.

import UringBuffers

enum FeatureNames {
    static func name(of feature: KernelFeature) -> String {
        switch feature {
        case .providedBuffers: "legacy provided buffers"
        case .bufferRings: "buffer rings"
        case .kernelRings: "kernel-allocated rings"
        case .ringHead: "readable ring heads"
        case .incremental: "incremental buffers"
        case .minimumLeft: "minimum left (min_left)"
        case .multishotReceive: "multishot receives"
        case .receiveBudget: "receive budgets"
        case .bundles: "bundles"
        case .deferredTaskRun: "deferred task work"
        case .zeroCopySend: "zero-copy send"
        case .zeroCopySendMessage: "zero-copy sendmsg"
        case .fixedBuffers: "fixed buffers"
        case .cloneBuffers: "cloned fixed buffers"
        case .clonePartOfBuffers: "partly cloned fixed buffers"
        case .memoryRegions: "memory regions"
        case .registeredWaits: "registered waits"
        case .zeroCopyReceive: "zero-copy receive"
        case .query: "queries"
        case .zeroCopyReceiveQuery: "queries about zero-copy receive"
        }
    }

    static func name(of mode: BufferMode) -> String {
        switch mode {
        case .incrementalWithMinimum: "incremental buffers that end early"
        case .incremental: "incremental buffers"
        case .wholeBuffers: "whole buffers"
        case .providedBuffers: "legacy provided buffers"
        case .callerChosen: "buffers that the caller chooses"
        }
    }
}
