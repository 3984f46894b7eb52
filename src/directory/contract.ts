/** Where an address ends, and who may sign in. What the gate, the receiver and the commands ask the directory. */
import type { Awaitable, UserRow } from '#store/contract.ts'

/** One step on an address's way, for `postern check-address`: what was looked at, and what followed. */
export interface Step {
  readonly address: string
  readonly says: string
}

export interface Mailbox {
  readonly mailboxId: number
  /** The user's primary address. */
  readonly user: string
}

/** Where an address ends. */
export type Resolution =
  | {
      readonly is: 'local'
      readonly mailboxes: readonly Mailbox[]
      /** Addresses elsewhere that forwards, aliases and groups lead to. */
      readonly external: readonly string[]
      /** The first mailbox that is over its quota already, or would be with `sizeBytes` more. */
      readonly full?: string
      /** It stands for the sender of something forwarded (SRS), and takes what comes back to that: the null sender's mail alone. */
      readonly bouncesOnly?: true
      readonly steps: readonly Step[]
    }
  | { readonly is: 'external'; readonly domain: string; readonly steps: readonly Step[] }
  | { readonly is: 'nobody' | 'disabled'; readonly steps: readonly Step[] }
  | { readonly is: 'loop'; readonly by: string; readonly steps: readonly Step[] }

export interface Directory {
  /**
   * Follow an address (domain aliases, users, groups, aliases, wildcards, `user+detail`, forwards) to its ends. `local-part` alone
   * (`postmaster` without a domain, RFC 5321 §4.1.1.3) means the first domain. Expansion is bounded; a cycle is a result.
   */
  resolve(address: string, sizeBytes?: number): Awaitable<Resolution>
  /** Is this one of our domains or their aliases? */
  isLocalDomain(domain: string): Awaitable<boolean>
  /** The user that signs in under this name (an address, or a local part when there is one domain). */
  findLogin(name: string): Awaitable<UserRow | undefined>
  /** May this user send as this address? (own addresses, aliases that lead to the user alone) */
  ownsAddress(user: UserRow, address: string): Awaitable<boolean>
}
