// The seeded generator and its replay.
// Covers: the published SplitMix64 sequence, bounds, seeds as text, withSeed's rounds.
// Does not cover: how good the numbers are; the line that is printed on a failure (it needs a failing test).

import Testing

@testable import TestSupport

@Suite struct SeedTests {
    @Test func `the sequence is the published one`() {
        // The first outputs of the reference implementation (prng.di.unimi.it/splitmix64.c) for seed 1234567.
        var generator = SplitMix64(seed: 1_234_567)
        let first = (0..<5).map { _ in generator.next() }
        #expect(
            first == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ])
    }

    @Test func `below stays below and reaches both ends`() {
        var generator = SplitMix64(seed: 1)
        let seen = Set((0..<1000).map { _ in generator.below(7) })
        #expect(seen == Set(0..<7))
    }

    @Test func `a seed is read as decimal or hexadecimal and nothing else`() {
        #expect(parseSeed("18446744073709551615") == .max)
        #expect(parseSeed("0xffffffffffffffff") == .max)
        for text in ["", "0x", "18446744073709551616", "-1", "seed", "ff", " 1"] { #expect(parseSeed(text) == nil) }
    }

    @Test func `withSeed gives each round its own seed, or one round with the given seed`() throws {
        var firsts: [UInt64] = []
        try withSeed(rounds: 16) { firsts.append($0.next()) }
        let expected = try seeds(rounds: 16).count
        #expect(firsts.count == expected)
        #expect(Set(firsts).count == expected)
    }

    @Test func `an error leaves withSeed and ends the rounds`() {
        struct Stop: Error {}
        var rounds = 0
        #expect(throws: Stop.self) {
            try withSeed(rounds: 3) { _ in
                rounds += 1
                throw Stop()
            }
        }
        #expect(rounds == 1)
    }
}
