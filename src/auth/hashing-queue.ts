/** Bounds the password hashing under way: each hash takes memory and a thread, and whoever connects can ask for one. */
export interface HashingQueue {
  /** Run a piece of hashing when its turn comes; undefined, at once, when too many wait already. */
  run<T>(work: () => Promise<T>): Promise<T> | undefined
}

/** Create a queue that runs `running` pieces at once while at most `waiting` more wait, first come first served. */
export function createHashingQueue({
  running,
  waiting,
}: {
  readonly running: number
  readonly waiting: number
}): HashingQueue {
  const queue: (() => void)[] = []
  let under = 0

  function release(): void {
    const next = queue.shift()
    if (next === undefined) under--
    else next()
  }

  async function runNow<T>(turn: Promise<void> | undefined, work: () => Promise<T>): Promise<T> {
    if (turn !== undefined) await turn
    try {
      return await work()
    } finally {
      release()
    }
  }

  return {
    run(work) {
      if (under < running) {
        under++
        return runNow(undefined, work)
      }
      if (queue.length >= waiting) return undefined
      return runNow(new Promise<void>((resolve) => queue.push(resolve)), work)
    },
  }
}
