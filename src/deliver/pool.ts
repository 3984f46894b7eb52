import type { Alarm, Clock } from '#base/clock.ts'
import type { Conversation } from './contract.ts'

/** How long a connection without work is kept: long enough for the next message of a flow, short enough that no server minds. */
const IDLE_MS = 3000
/** Connections without work kept in all; the one that is idle longest goes first. */
const MOST_IDLE = 200
/** Messages after which a connection is closed: some servers count, and a balancer before them gets its chance. */
const MOST_MESSAGES = 1000

interface Idle {
  readonly key: string
  readonly conversation: Conversation
  readonly sinceMs: number
}

/** Connections between two messages: who comes next for the same server goes on with one. */
export interface ConversationPool {
  /** Which settings and secrets hold, as a number: what a connection was begun under. Read it before anything is asked of them. */
  readonly generation: number
  /** Take a connection that is open under this key; undefined when there is none. */
  take(key: string): Conversation | undefined
  /** Keep a connection for whoever comes next, or close it: what began before `clear` comes back to nobody. */
  give(key: string, conversation: Conversation, since: number): void
  /** Close all that are idle, and what is in use once it is given back: settings or secrets have changed, or it is over. */
  clear(): void
}

/** Create a pool; a key stands for a server and all that was asked of the connection (TLS, login, source address). */
export function createConversationPool(clock: Clock): ConversationPool {
  const byKey = new Map<string, Idle[]>()
  /** In the order in which they became idle. */
  const all = new Set<Idle>()
  let generation = 0
  let alarm: Alarm | undefined

  function drop(idle: Idle): void {
    all.delete(idle)
    const same = byKey.get(idle.key) ?? []
    const left = same.filter((other) => other !== idle)
    if (left.length === 0) byKey.delete(idle.key)
    else byKey.set(idle.key, left)
  }

  function closeOld(): void {
    alarm = undefined
    const nowMs = clock.monotonicMs()
    for (const idle of all) {
      if (nowMs - idle.sinceMs < IDLE_MS) break
      drop(idle)
      idle.conversation.close()
    }
    watch()
  }

  function watch(): void {
    if (alarm !== undefined || all.size === 0) return
    alarm = clock.after(IDLE_MS, closeOld)
  }

  return {
    get generation() {
      return generation
    },
    take(key) {
      for (;;) {
        const same = byKey.get(key)
        // The one that was used last is the least likely to have been closed by the other side.
        const idle = same?.pop()
        if (idle === undefined) return undefined
        if (same?.length === 0) byKey.delete(key)
        all.delete(idle)
        if (idle.conversation.isOpen) return idle.conversation
        idle.conversation.close()
      }
    },
    give(key, conversation, since) {
      if (since !== generation || !conversation.isOpen || conversation.messages >= MOST_MESSAGES) {
        conversation.close()
        return
      }
      const idle = { key, conversation, sinceMs: clock.monotonicMs() }
      const same = byKey.get(key)
      if (same === undefined) byKey.set(key, [idle])
      else same.push(idle)
      all.add(idle)
      if (all.size > MOST_IDLE) {
        const [oldest] = all
        if (oldest !== undefined) {
          drop(oldest)
          oldest.conversation.close()
        }
      }
      watch()
    },
    clear() {
      generation += 1
      for (const { conversation } of all) conversation.close()
      all.clear()
      byKey.clear()
      alarm?.cancel()
      alarm = undefined
    },
  }
}
