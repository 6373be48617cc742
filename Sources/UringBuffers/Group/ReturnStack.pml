// A model of ReturnStack.swift for the model checker spin: run by Scripts/model-check, ignored by SwiftPM.
//
// Threads give buffers back, one at a time or chains of two. The owner drains, lends what came home again, in any order
// and without end, and closes at any moment. Every load and every exchange is one step, and a compare-exchange may fail
// for no reason. Nothing counts up, so the whole state space is searched: any number of rounds, hence every way in
// which a word can return to an old value. What it demands, in every state that can be reached:
//
//   - each buffer is in one place: home, out, on the stack, or gone (given back after the close)
//   - the link of a buffer is written only while it is out, and followed only while it is on the stack
//   - the owner's count is what it walks, and the walk ends where the stack was empty
//   - one party frees, once, when no buffer is out; nobody touches word or links afterwards
//   - when nobody can go on, the memory is free: nothing was lost
//
// What it cannot say. Spin's memory is sequentially consistent, the processor's is not. The word itself behaves as here
// all the same: exchanges of one location have one order, and a relaxed load only makes a guess that a compare-exchange
// confirms. What remains is plain memory, the links, the records and the bytes of buffers, which needs two orders:
//
//   push, drain: a push releases, and later exchanges continue its release sequence. So the drain, which acquires,
//       comes after every push whose buffer it takes, not only after the topmost.
//   pushes, close, free: whoever brings the count to zero read a word that only exchanges wrote since the close. Close
//       and pushes release and acquire, so it comes after all that they, and the owner before the close, ever did.
//
// The drain need not release: what hands the next handle to another thread orders the reuse before that thread's push.
// The thread sanitizer watches these orders, in ReturnStressTests.
//
// With MUTANT=1…7 one thing is broken, and with WITNESS something that must happen is forbidden: Scripts/model-check
// demands that spin notices each.

#include "ReturnStackState.pml"

proctype Returner(byte me; byte size) {
    byte seenCount = 0
    bool seenClosed = false, isLast = false
end:
    do
    :: d_step {
           FIRST != NONE ->
           if
           :: size == 2 -> writeLink(FIRST, LAST)
           :: else
           fi;
           load();
#if MUTANT == 7
           // The link is written once, for the top that was seen first.
           writeLink(LAST, SEEN);
#endif
           prepare()
       }
       do
       :: d_step {
              (closed || top == SEEN) && count == seenCount && closed == seenClosed ->
              touch();
              assert(place[FIRST] == out && place[LAST] == out);
              if
              :: closed ->
                  assert(count >= size);
                  count = count - size;
#if MUTANT == 4
                  isLast = (count == 1);
#else
                  isLast = (count == 0);
#endif
                  place[FIRST] = gone; link[FIRST] = STALE;
                  place[LAST] = gone; link[LAST] = STALE
              :: else ->
                  witness();
                  count = count + size; top = FIRST;
                  place[FIRST] = stacked; place[LAST] = stacked
              fi
          }
          break
       :: d_step { load(); prepare() }
       od
#if MUTANT == 5
       // The link is written after the exchange.
       if
       :: !seenClosed -> writeLink(LAST, SEEN)
       :: else
       fi;
#endif
       if
       :: isLast -> free()
       :: else
       fi
       d_step {
           forget();
           FIRST = NONE; LAST = NONE; SEEN = NONE; seenCount = 0; seenClosed = false; isLast = false
       }
    od
}

#if MUTANT == 1
// A second thread takes the top one, by a compare-exchange of the whole word: the classic ABA.
active proctype Thief() {
    byte seenCount = 0, next = NONE
end:
    do
    :: d_step { !closed && count > 0 -> seen[3] = top; seenCount = count }
       next = link[seen[3]]
       if
       :: d_step {
              !closed && top == seen[3] && count == seenCount ->
              top = next; count = count - 1; place[seen[3]] = home; link[seen[3]] = STALE
          }
       :: true
       fi
       d_step { seen[3] = NONE; seenCount = 0; next = NONE }
    od
}
#endif

active proctype Owner() {
    byte bid = NONE, other = NONE, left = 0

    atomic {
#if BIDS == 3
        place[3] = gone;
#endif
#if SECOND
        run Returner(1, SECOND);
#endif
#if THIRD
        run Returner(2, THIRD);
#endif
        run Returner(0, 1)
    }
    do
    :: atomic {
           // Lend one to a thread that has nothing.
           if
           :: first[0] == NONE && HOMES > 0 -> pick(bid); first[0] = bid; last[0] = bid
#if SECOND
           :: first[0] != NONE && first[1] == NONE && HOMES > 0 -> pick(bid); first[1] = bid; last[1] = bid
#endif
#if THIRD == 1
           :: first[0] != NONE && first[1] != NONE && first[2] == NONE && HOMES > 0 ->
               pick(bid); first[2] = bid; last[2] = bid
#elif THIRD == 2
           :: first[2] == NONE && HOMES > 1 ->
               pick(bid); pick(other); first[2] = bid; last[2] = other
#endif
           :: else
           fi;
           bid = NONE; other = NONE
       }
    :: count > 0 ->
       // Drain.
#if MUTANT == 2
       // A load and a store in place of the exchange.
       d_step { bid = top; left = count }
       d_step { top = NONE; count = 0 }
#else
       d_step { touch(); bid = top; left = count; top = NONE; count = 0 }
#endif
       // The walk is the owner's alone, so it is one step.
       d_step {
           do
           :: left > 0 ->
               assert(bid < BIDS);
               touch(); other = link[bid];
               comeHome(bid);
               bid = other; left = left - 1
           :: else -> break
           od;
           assert(bid == NONE); other = NONE
       }
    :: break
    od

    // Close, with pushes under way.
    bid = top; left = count;
    do
    :: d_step {
#if MUTANT == 6
           // A store in place of the compare-exchange.
           true ->
#else
           top == bid && count == left ->
#endif
           touch();
#if MUTANT == 3
           // What lies on the stack is counted as out.
           count = NOT_HOME;
#else
           count = NOT_HOME - left;
#endif
           closed = true; top = 0;
           // What is on the stack has come home.
           settle(0); settle(1); settle(2); settle(3);
           bid = NONE; left = count
       }
       break
    :: d_step { touch(); bid = top; left = count }
    od
    // What the exchange wrote: by now `count` may be lower.
    if
    :: left == 0 -> free()
    :: else
    fi
}

// When nobody can go on, it is over: closed, every buffer accounted for, and the memory free.
active proctype End() {
    timeout ->
    assert(closed && count == 0 && freed);
    assert(place[0] != stacked && place[1] != stacked && place[2] != stacked && place[3] != stacked)
}
