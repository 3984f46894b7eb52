import { type Clock, systemClock } from '#base/clock.ts'
import { messageOf } from '#base/fault.ts'
import type { Terminal } from './command.ts'

export interface Stoppable {
  /** Resolves when the server cannot go on, with why. */
  readonly failed: Promise<unknown>
  stop(why: string): Promise<void>
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Ctrl-C reaches us from the terminal, and again from each wrapper that passes it on: these are one. */
const SAME_SIGNAL_MS = 1000

/**
 * Wait until a signal asks the server to stop, or it cannot go on, and stop it; gives the exit code. A signal more than a
 * second after the first does not wait for the stop: `exit` is called at once.
 */
export async function untilStopped(
  server: Stoppable,
  { remark }: Pick<Terminal, 'remark'>,
  exit: (code: number) => void,
  clock: Clock = systemClock,
): Promise<number> {
  let firstMs: number | undefined
  let stopAsked: (signal: NodeJS.Signals) => void = () => {}
  const signalled = new Promise<NodeJS.Signals>((resolve) => {
    stopAsked = resolve
  })
  const onSignal = (signal: NodeJS.Signals) => {
    if (firstMs !== undefined && clock.monotonicMs() - firstMs > SAME_SIGNAL_MS) exit(1)
    firstMs ??= clock.monotonicMs()
    stopAsked(signal)
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  try {
    const ended = await Promise.race([
      signalled.then((signal) => ({ signal })),
      server.failed.then(
        (error) => ({ error }),
        (error: unknown) => ({ error }),
      ),
    ])
    if ('signal' in ended) {
      await server.stop(ended.signal)
      return 0
    }
    remark(`postern: the server cannot go on: ${messageOf(ended.error)}`)
    await server.stop('failed')
    return 1
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal)
  }
}
