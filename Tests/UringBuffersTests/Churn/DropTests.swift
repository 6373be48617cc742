// Nothing is lost whatever is dropped when: one row for each moment, each in every mode, in a process of its own.

import Testing

/// The moment at which something is dropped.
enum DropMoment: String, CaseIterable, Sendable {
    case outcomeUnseen, bufferUnread, bundleMidway, bundleWhenItsLoopThrows, segmentKeptWhileOthersEnd
    case completionUnread, completionLate
    case groupWhileArmed, groupClosedWhileArmed, groupWithHandlesOut, groupClosedWithHandlesOut
    case handlesElsewhereAfterTheGroup, sharedAfterTheGroup, tokenAfterTheGroup
    case leaseReleasedAfterTheGroup, leaseWhileTheKernelReads, groupWithUnreadCompletion
}

@Suite struct DropTests {
    @Test(arguments: DropMoment.allCases)
    func nothingIsLost(_ moment: DropMoment) async {
        await #expect(processExitsWith: .success) { [name = moment.rawValue as String] in
            let moment = try #require(DropMoment(rawValue: name))
            for mode in ChurnMode.all {
                let scene = try DropScene(mode)
                if let wrong = try scene.play(moment) { Issue.record("\(mode.name), \(moment): \(wrong)") }
            }
        }
    }
}
