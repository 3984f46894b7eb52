/** What goes over the administration's HTTP interface about the queue, as JSON. */
import type { QueueOrder } from '#store/contract.ts'
import type { DomainState, PlannedWay, Running } from './delivery-desk.ts'

/** `now`: as soon as there is room. `later`: at `dueAt`. `paused`: mail to its domain is stopped. */
export type QueueStateName = 'now' | 'later' | 'held' | 'running' | 'paused'

/** One recipient that a message waits for. */
export interface QueueLine {
  readonly id: number
  readonly createdAt: string
  readonly state: QueueStateName
  /** When it is tried next, where it waits for a time. */
  readonly dueAt?: string
  readonly dueInMs?: number
  readonly sizeBytes: number
  readonly sender: string
  readonly recipient: string
  /** The user that sent it, where one had logged in; and the client's address. */
  readonly user?: string
  readonly ip?: string
  readonly attempts: number
  /** What the last try came to; may quote another server. */
  readonly lastAnswer?: string
}

/** Which entries are meant; all that are given must hold. In texts `*` stands for any characters, `?` for one. */
export interface QueueSearch {
  readonly sender?: string
  readonly recipient?: string
  readonly domain?: string
  readonly user?: string
  readonly ip?: string
  readonly held?: boolean
}

export interface QueueQuery extends QueueSearch {
  readonly order?: QueueOrder
  readonly descending?: boolean
  readonly offset?: number
  readonly limit?: number
}

export interface QueueList {
  /** How many entries the search means, their messages' bytes, and how many of them are held; `items` may be fewer. */
  readonly count: number
  readonly bytes: number
  readonly held: number
  readonly items: readonly QueueLine[]
}

/** What an act on the queue is for: entries by number, recipients by pattern, a search, or, said outright, all. */
export interface QueueSelection extends QueueSearch {
  readonly ids?: readonly number[]
  readonly patterns?: readonly string[]
  readonly all?: boolean
  /** Only for removing: tell the senders that it failed. */
  readonly bounce?: boolean
}

/** How many entries an act changed. */
export interface QueueActed {
  readonly entries: number
}

/** What a selection means, before anything is done. */
export interface QueueMeasured {
  readonly entries: number
  readonly bytes: number
}

/** What one try came to. */
export interface AnswerLine {
  readonly at: string
  readonly text: string
}

/** Everything of one entry. */
export interface QueueDetails extends QueueLine {
  /** The reverse path given to the next server, where it is not the sender (SRS). */
  readonly returnPath?: string
  /** What the client asked for: DSN (RFC 3461), BODY, SMTPUTF8, REQUIRETLS. */
  readonly parameters: readonly string[]
  /** `postern explain` tells how it came in by this. */
  readonly reference: string
  /** The sender was told that it is late. */
  readonly warned: boolean
  /** From then on it goes back to its sender. */
  readonly expiresAt: string
  readonly answers: readonly AnswerLine[]
  /** The fields of the message's header as they stand, unfolded; an attacker's text. */
  readonly header: readonly string[]
  /** The header is longer than is shown. */
  readonly headerCut: boolean
  /** By which way it would go now. */
  readonly way?: PlannedWay
  readonly running?: RunningLine
  readonly paused?: PausedLine
  /** Of its domain, where there is anything to say. */
  readonly domainState?: DomainLine
}

/** A delivery that goes on. */
export interface RunningLine extends Running {
  /** 0 to 100, of the message's bytes. */
  readonly percent: number
}

/** A domain that mail is stopped to. */
export interface PausedLine {
  readonly domain: string
  readonly since: string
  readonly author: string
  readonly why?: string
}

/** The state of a recipient domain that is not plain. */
export interface DomainLine extends Pick<DomainState, 'domain' | 'site' | 'underWay' | 'down' | 'shaped'> {
  /** How many tries may go on at once; absent where nothing was tried lately. */
  readonly window?: number
  readonly paused: boolean
}

/** Which way mail would go. */
export type RouteShown = PlannedWay
