// The budget: never exceeded, whatever comes; and no class is starved by what others have spare.

import KernelSupport
import TestSupport
import Testing
import UringBuffers

@Suite struct BudgetTests {
    static let classes = [
        SizeClass(bufferSize: 512, capacity: 512), SizeClass(bufferSize: 4096, capacity: 128),
        SizeClass(bufferSize: 65536, capacity: 32),
    ]
    /// Sizes that share pages in odd ways.
    static let odd = [
        SizeClass(bufferSize: 100, capacity: 1024), SizeClass(bufferSize: 5000, capacity: 128),
        SizeClass(bufferSize: 20_001, capacity: 64),
    ]

    /// Receives, ends, bursts, trims and refills at random, against what a model knows.
    @Test(arguments: [classes, odd])
    func randomTraffic(classes: [SizeClass]) throws {
        try withSeed(rounds: 4) { generator in
            let least = 300 << 10
            let budget = least + generator.below(3 << 20)
            var played = try PlayedPool(classes, budget: budget, seed: generator.next())
            played.check()
            // A mood is a class that everybody wants, and how many want to hold.
            var mood = (index: 0, hold: 8)
            for step in 0..<4000 {
                if generator.oneIn(200) { mood = (generator.below(3), [0, 8, 60, 2000][generator.below(4)]) }
                let size = classes[mood.index].bufferSize
                switch generator.below(10) {
                case 0...4:
                    let expected = generator.oneIn(4) ? 1 + generator.below(70_000) : 1 + generator.below(size)
                    let choice = played.pool.choose(for: expected)
                    #expect(played.pool.ids[choice.index] == choice.id)
                    // A choice that is not exhausted finds a buffer.
                    let found = played.receive(1 + generator.below(expected), class: choice.index)
                    #expect(found == (choice.reason != .exhausted), "\(choice)")
                case 5...7:
                    while played.held.count > mood.hold || (!played.held.isEmpty && generator.oneIn(2)) {
                        played.end(at: generator.below(played.held.count), elsewhere: generator.oneIn(50))
                    }
                case 8: played.pool.refill()
                default:
                    if generator.oneIn(40) { played.pool.trim(keeping: generator.oneIn(2) ? nil : generator.below(16)) }
                    // Whatever class, whoever is starved.
                    _ = played.receive(1 + generator.below(size), class: generator.below(3))
                }
                #expect(played.pool.committedBytes <= budget)
                if step % 16 == 0 { played.check() }
            }
            while !played.held.isEmpty { played.end(at: generator.below(played.held.count)) }
            played.check()
            // Nothing is lost: everything is home, and a class that has nothing published gets it.
            for index in classes.indices {
                let choice = played.pool.choose(for: classes[index].bufferSize)
                #expect(choice.index == index && choice.reason == .fits, "\(choice), \(played.pool.books())")
            }
            let books = played.pool.books()
            #expect(books.states.available + books.states.cached == books.capacity)
            let missing = try played.pool.close()
            #expect(!missing.contains { !$0.isEmpty })
        }
    }

    /// A burst in one class after another has more than half of the budget each time, though the sum of all is far more.
    @Test func burstsInOneClassAfterAnother() throws {
        let budget = 1 << 20
        var played = try PlayedPool(Self.classes, budget: budget, seed: 7)
        for index in [0, 1, 2, 1, 0, 2, 0, 1] {
            let size = Self.classes[index].bufferSize
            while true {
                let choice = played.pool.choose(for: size)
                guard choice.index == index else { break }
                let got = played.receive(size, class: index)
                #expect(got)
                if played.held.count % 8 == 0 { played.pool.refill() }
                if played.held.count == Self.classes[index].capacity { break }
            }
            let bytes = played.held.count * size
            #expect(bytes > budget / 2 || played.held.count == Self.classes[index].capacity, "class \(index): \(bytes)")
            played.check()
            // A chat in every class meanwhile is not cut off: what it needs is published.
            for other in 0..<3 where other != index && played.pool[class: other].available > 0 {
                let got = played.receive(1, class: other)
                #expect(got)
            }
            // In an order of their own.
            while played.held.count > 0 { played.end(at: played.held.count * 5 / 8) }
            for _ in 0..<3 { played.pool.refill() }
        }
        #expect(played.pool.books().peakCommittedBytes > budget * 3 / 4)
        played.check()
        try played.pool.close()
    }

    /// What is spare elsewhere and cold makes room at once, what is warm when a class is about to starve.
    @Test func spareBuffersOfOthersMakeRoom() throws {
        var played = try PlayedPool(Self.classes, budget: 1 << 20, seed: 3)
        // Everything that the middle class can have.
        while played.pool.choose(for: 4096).index == 1 { _ = played.receive(4096, class: 1) }
        let lentByMiddle = played.held.count
        #expect(lentByMiddle * 4096 >= 1 << 19)
        while !played.held.isEmpty { played.end(at: played.held.count - 1) }
        // It is warm, all of it: and the large class needs it now.
        let committed = played.pool.committedBytes(class: 1)
        var large = 0
        while played.pool.choose(for: 65536).reason == .fits {
            _ = played.receive(65536, class: 2)
            large += 1
        }
        #expect(large * 65536 > 1 << 19)
        #expect(played.pool.committedBytes(class: 1) < committed / 2)
        #expect(played.pool.books().trimmedBytes >= committed / 2)
        played.check()
        while !played.held.isEmpty { played.end(at: 0) }
        try played.pool.close()
    }

    /// What the budget has no room for was not kept back: its starvation could not be avoided.
    @Test func starvationForWantOfBudgetIsNotAvoidable() throws {
        var played = try PlayedPool(Self.classes, budget: 400 << 10, seed: 3)
        while played.pool.choose(for: 65536).reason != .exhausted {
            _ = played.receive(65536, class: played.pool.choose(for: 65536).index)
        }
        for index in 0..<3 {
            let before = played.pool[class: index].books().avoidableStarvations
            let found = played.receive(1, class: index)
            #expect(!found)
            #expect(played.pool[class: index].books().avoidableStarvations == before)
        }
        played.check()
        while !played.held.isEmpty { played.end(at: 0) }
        try played.pool.close()
    }

    /// Both kinds of refilling, and segments, under one budget.
    @Test func mixedKindsOfClasses() throws {
        var played = try PlayedPool(
            [
                SizeClass(bufferSize: 256, capacity: 64, refill: .everything),
                SizeClass(bufferSize: 8192, capacity: 64, consumption: .incremental(minimumLeft: 100)),
            ], budget: 256 << 10, seed: 11)
        #expect(played.pool.committedBytes(class: 0) == 16384)
        try withSeed { generator in
            for step in 0..<2000 {
                let index = generator.below(2)
                _ = played.receive(1 + generator.below(index == 0 ? 256 : 3000), class: index)
                while played.held.count > 40 || (generator.oneIn(3) && !played.held.isEmpty) {
                    let one = played.held.remove(at: generator.below(played.held.count))
                    one.handoff.end()
                }
                if generator.oneIn(8) { played.pool.refill() }
                if generator.oneIn(60) { played.pool.trim(keeping: 0) }
                #expect(played.pool.committedBytes <= played.pool.budget)
                if step % 50 == 0 {
                    let books = played.pool.books()
                    #expect(books.balanced, "\(books.violations)")
                    #expect(played.pool.residentBytes <= played.pool.committedBytes)
                }
            }
        }
        for one in played.held { one.handoff.end() }
        played.held = []
    }
}
