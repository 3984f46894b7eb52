/**
 * What clients and accounts did lately. In memory on one machine, shared by its threads; every node of a cluster will see the
 * same. `test/contract/ledger/` is the suite each engine must pass.
 */
export type Awaitable<T> = T | Promise<T>

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

/**
 * One question, and what is counted with it. The answer is the count over the last `withinMs`, to the moment: a window that
 * slides. An event leaves it at most a hundredth of the window late and never early, so a limit is never exceeded in any
 * such span.
 */
export interface Question {
  /** What is counted: `messages`, `unknownRecipients`, … */
  readonly of: string
  /** Whose count it is: a network (`198.51.100.7`, `2001:db8::/64`), an account. Any text, of any length. */
  readonly by: string
  readonly withinMs: number
  /** Count so many before answering (an integer above 0); absent: only look. */
  readonly add?: number
  /** Count only what this text was not counted for within the window: distinct guesses. */
  readonly distinct?: string
  /** Count only if the answer does not pass this; otherwise nothing is counted, and the answer is what it would have been. */
  readonly most?: number
}

export interface Ledger {
  /** Answer questions, in their order, as one step. */
  ask(questions: readonly Question[]): Awaitable<readonly number[]>
  /** Forget a count, for an administrator who lifts a block: the client starts anew. */
  forget(of: readonly string[], by: string, withinMs: readonly number[]): Awaitable<void>
  /** How full it is, and what it had to let go. */
  state(): LedgerState
}

export interface LedgerState {
  readonly bytes: number
  /** Counts that stand now, and how many there is room for. */
  readonly cells: number
  readonly room: number
  /** Counts let go before their time since the start, because the memory was full. */
  readonly letGo: number
}

/** Connections open at once, by whom; shared by all threads. A thread that dies takes its own with it. */
export interface OpenConnections {
  /** Count one more for each of these, and give how many each now has in all threads. */
  enter(by: readonly string[]): readonly number[]
  leave(by: readonly string[]): void
  /** How many each has now. */
  look(by: readonly string[]): readonly number[]
}

/** The POP3 logins that open the way for their address (relay.popBeforeSmtp). */
export interface PopLogins {
  /** Remember that a login from this address of this user succeeded at this moment; a later one counts anew. */
  note(ip: string, atMs: number, user: string): void
  /** Milliseconds since the last login from this address; undefined when none is remembered. */
  sinceMs(ip: string, nowMs: number): number | undefined
  /** Every login remembered, newest first. */
  list(): readonly { readonly ip: string; readonly atMs: number; readonly user: string }[]
  /** Forget the login from this address; false when none was remembered. */
  revoke(ip: string): boolean
  /** Forget every login of this user: the account was stopped. */
  revokeOf(user: string): void
}
