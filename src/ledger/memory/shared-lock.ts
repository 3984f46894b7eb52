/** The highest bit of the word: somebody sleeps until the lock is free. The rest is the holder's thread index + 1; 0 is free. */
const SLEEPERS = 1 << 30
const HOLDER = SLEEPERS - 1

/** Tries before a thread sleeps: a holder is done within microseconds, unless the system took its core away. */
const SPINS = 100
const SLEEP_MS = 100
/** Sleeps in a row with the same holder before the lock is taken from it: it died, and its end is not heard yet. */
const MOST_SLEEPS = 20

/**
 * A lock in shared memory. Whoever holds it does no waiting and no long work. A holder that died loses it: at once when its end is
 * heard (`release`), else after two seconds, so that a thread can wait for it even where it is the one that would hear of the end.
 */
export class SharedLock {
  readonly #words: Int32Array
  readonly #at: number
  readonly #holder: number
  readonly #sleepMs: number

  constructor(words: Int32Array, at: number, threadIndex: number, sleepMs = SLEEP_MS) {
    this.#words = words
    this.#at = at
    this.#holder = threadIndex + 1
    this.#sleepMs = sleepMs
  }

  acquire(): void {
    for (let spin = 0; spin < SPINS; spin += 1) {
      if (Atomics.compareExchange(this.#words, this.#at, 0, this.#holder) === 0) return
    }
    this.#sleep()
  }

  release(): void {
    const before = Atomics.exchange(this.#words, this.#at, 0)
    if ((before & SLEEPERS) !== 0) Atomics.notify(this.#words, this.#at, 1)
  }

  #sleep(): void {
    let sleeps = 0
    let holder = 0
    for (;;) {
      const word = Atomics.load(this.#words, this.#at)
      // Who slept cannot know whether others still do: the mark stays, and costs one needless wake-up at most.
      const mine = this.#holder | SLEEPERS
      if (word === 0) {
        if (Atomics.compareExchange(this.#words, this.#at, 0, mine) === 0) return
        continue
      }
      const marked = word | SLEEPERS
      if (word !== marked && Atomics.compareExchange(this.#words, this.#at, word, marked) !== word) continue
      const outcome = Atomics.wait(this.#words, this.#at, marked, this.#sleepMs)
      sleeps = outcome === 'timed-out' && (marked & HOLDER) === holder ? sleeps + 1 : 0
      holder = marked & HOLDER
      // Each sleep ends by itself: a process that was stopped and goes on counts one, however long it stood.
      if (sleeps >= MOST_SLEEPS && Atomics.compareExchange(this.#words, this.#at, marked, mine) === marked) return
    }
  }
}

/** Free a lock that a thread held when it died. */
export function releaseLockOf(words: Int32Array, at: number, threadIndex: number): void {
  const word = Atomics.load(words, at)
  if ((word & HOLDER) !== threadIndex + 1) return
  if (Atomics.compareExchange(words, at, word, 0) === word) Atomics.notify(words, at)
}
