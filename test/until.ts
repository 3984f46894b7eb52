import { setTimeout as pause } from 'node:timers/promises'

const WITHIN_MS = 15_000
const EVERY_MS = 20

/** Ask again and again until there is an answer, and give it; fails by saying what it waited for. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const late = performance.now() + WITHIN_MS
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (performance.now() > late) throw new Error(`waited ${WITHIN_MS} ms in vain: ${what}`)
    await pause(EVERY_MS)
  }
}
