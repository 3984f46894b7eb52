import type { Alarm, Clock } from '#base/clock.ts'

/** Lines that wait on a session thread: past this (UTF-16 units) they are dropped and counted. */
const MAX_WAITING = 1024 * 1024
/** A batch of this size is posted at once; a smaller one waits for company. */
const FULL_BATCH = 32 * 1024
const COMPANY_MS = 50

export interface LineBuffer {
  /** Add one line, with its line end. */
  readonly write: (line: string) => void
  /** The other side has taken the batch that was posted last: the next may follow. */
  readonly taken: () => void
  /** Post what waits, whether or not the batch before was taken: the last word of a thread that ends. */
  readonly flush: () => void
}

/**
 * Gather log lines into batches for another thread. One batch at a time is under way, so a main thread that is busy costs a
 * session thread a bounded amount of memory; what does not fit is dropped, and `dropped` is told the number once there is room.
 */
export function createLineBuffer(options: {
  readonly post: (batch: string) => void
  readonly clock: Clock
  readonly dropped: (lines: number) => void
}): LineBuffer {
  const { post, clock } = options
  let waiting = ''
  let droppedLines = 0
  let underWay = false
  let alarm: Alarm | undefined

  function send(): void {
    alarm?.cancel()
    alarm = undefined
    if (droppedLines > 0) {
      const lines = droppedLines
      droppedLines = 0
      const room = waiting
      waiting = ''
      options.dropped(lines)
      waiting = room + waiting
    }
    if (waiting === '') return
    const batch = waiting
    waiting = ''
    underWay = true
    post(batch)
  }

  return {
    write(line) {
      if (waiting.length + line.length > MAX_WAITING) {
        droppedLines++
        return
      }
      waiting += line
      if (underWay) return
      if (waiting.length >= FULL_BATCH) send()
      else alarm ??= clock.after(COMPANY_MS, send)
    },
    taken() {
      underWay = false
      if (waiting.length >= FULL_BATCH) send()
      else if (waiting !== '' || droppedLines > 0) alarm ??= clock.after(COMPANY_MS, send)
    },
    flush: send,
  }
}
