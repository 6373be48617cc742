// What the model of the return stack is about: the word, the links, where each buffer is, and what is forbidden.

#ifndef MUTANT
#define MUTANT 0
#endif

// How many buffers there are, 3 or 4, and how many the second and the third thread end at once; 0: no such thread.
#ifndef BIDS
#define BIDS 4
#endif
#ifndef SECOND
#define SECOND 1
#endif
#ifndef THIRD
#define THIRD 2
#endif
#define NONE 15
// The link of a buffer that came home: whoever follows it is wrong.
#define STALE 14

mtype = { home, out, stacked, gone }

// The word. `top` means nothing while `closed`.
byte top = NONE
byte count = 0
bool closed = false

byte link[4] = STALE
// Where each buffer really is.
mtype place[4] = home
bool freed = false

// What each thread owns: one buffer, or two of them; NONE while it has nothing.
byte first[3] = NONE
byte last[3] = NONE
// The top that each thread saw; the last is for a mutant.
byte seen[4] = NONE

#define FIRST first[me]
#define LAST last[me]
#define SEEN seen[me]

inline touch() { assert(!freed) }

// Only the owner of a buffer writes its link, and only while it is out; the drain reads it only while the buffer is on
// the stack (both asserted). So the write moves freely between load and exchange, and is one step with the load.
inline writeLink(bid, next) { touch(); assert(place[bid] == out); link[bid] = next }

inline load() { touch(); SEEN = (closed -> NONE : top); seenCount = count; seenClosed = closed }

inline prepare() {
#if MUTANT != 5 && MUTANT != 7
    if
    :: !seenClosed -> writeLink(LAST, SEEN)
    :: else
    fi;
#endif
    note()
}

#ifdef WITNESS
// What lay beneath the top that a thread saw. Forbids a push onto the same word with something else beneath: that
// happens, and does no harm, because a push looks at nothing beneath the top.
byte beneath[3] = NONE
inline note() { beneath[me] = (seenCount > 1 && !seenClosed -> link[SEEN] : NONE) }
inline witness() { assert(beneath[me] == NONE || link[top] == beneath[me]) }
inline forget() { beneath[me] = NONE }
#else
inline note() { skip }
inline witness() { skip }
inline forget() { skip }
#endif

inline free() {
    d_step {
        assert(!freed);
        assert(place[0] != out && place[1] != out && place[2] != out && place[3] != out);
        freed = true
    }
}

// A buffer came home, from where it must have been.
inline comeHome(bid) { assert(place[bid] == stacked); place[bid] = home; link[bid] = STALE }

// Buffers at home that nobody remembers having seen on top are all alike, and so are idle threads: lending the first of
// them stands for lending any.
#define REMEMBERED(b) (seen[0] == b || seen[1] == b || seen[2] == b || seen[3] == b)
#define FRESH(b) (place[b] == home && !REMEMBERED(b))
#define KNOWN(b) (place[b] == home && REMEMBERED(b))

inline pick(bid) {
    if
    :: FRESH(0) -> bid = 0
    :: FRESH(1) && !FRESH(0) -> bid = 1
    :: FRESH(2) && !FRESH(1) && !FRESH(0) -> bid = 2
    :: FRESH(3) && !FRESH(2) && !FRESH(1) && !FRESH(0) -> bid = 3
    :: KNOWN(0) -> bid = 0
    :: KNOWN(1) -> bid = 1
    :: KNOWN(2) -> bid = 2
    :: KNOWN(3) -> bid = 3
    fi;
    place[bid] = out
}

inline settle(bid) {
    if
    :: place[bid] == stacked -> comeHome(bid)
    :: else
    fi
}

#define HOMES ((place[0] == home) + (place[1] == home) + (place[2] == home) + (place[3] == home))
#define NOT_HOME (BIDS - HOMES)
