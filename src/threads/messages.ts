/** What crosses between the main thread and the session threads: plain data. */

import type { MessagePort } from 'node:worker_threads'
import type { Block, Suspension } from '#base/block.ts'
import type { Sentence } from '#gate/record.ts'
import type { PopLogins } from '#ledger/contract.ts'
import type { SharedLedger } from '#ledger/memory/table.ts'
import type { ServiceName, Settings } from '#settings/schema.ts'
import type { DirectoryChangeCount } from '#store/sqlite/cached-directory.ts'
import type { Standing } from './block-keeper.ts'

/** Everything a session thread judges by; replaced as a whole when anything in it changes. */
export interface Policy {
  readonly settings: Settings
  readonly hostname: string
  /** PEM, as shown to clients. */
  readonly certificate: { readonly cert: string; readonly key: string }
  /** The addresses of this machine's own interfaces, for `this-machine`. */
  readonly machineAddresses: readonly string[]
  /** Where the administrator was last seen: never blocked. */
  readonly administratorAddress?: string
}

/** One address and port that every session thread listens on (SO_REUSEPORT spreads the connections). */
export interface Binding {
  readonly service: Exclude<ServiceName, 'admin'>
  readonly host: string
  readonly port: number
}

/** What a session thread is started with. */
export interface SessionThreadData {
  readonly index: number
  readonly storeFile: string
  /** Where the counts that outlive the process are written down. */
  readonly journalDir: string
  /** How many session threads there are: what is bounded for the server is divided among them. */
  readonly threads: number
  readonly storePort: MessagePort
  readonly directoryChanges: DirectoryChangeCount
  /** Connections open, by thread and service: see `connection-counts.ts`. */
  readonly counts: SharedArrayBuffer
  /** What clients did lately, by all threads. */
  readonly ledger: SharedLedger
  /** Who may not connect, and whose trust is suspended, when the thread starts; what changes comes as an `Act`. */
  readonly blocks: readonly Block[]
  readonly suspensions: readonly Suspension[]
  /** The POP3 logins that open the way, newest first. */
  readonly popLogins: ReturnType<PopLogins['list']>
  readonly policy: Policy
  readonly referenceKey: Uint8Array
}

/** Something that holds in every thread once each has answered. */
export type Act =
  | Standing
  | { readonly is: 'endSessionsOf'; readonly user: string }
  | { readonly is: 'popRevoked'; readonly ip: string }

export type ToSessionThread =
  | { readonly is: 'policy'; readonly policy: Policy }
  /** Listen on exactly these from now on; open sessions live on. */
  | { readonly is: 'bind'; readonly round: number; readonly bindings: readonly Binding[] }
  | { readonly is: 'popLogin'; readonly ip: string; readonly atMs: number; readonly user: string }
  | { readonly is: 'act'; readonly round: number; readonly act: Act }
  /** The last batch of `lines` was taken: the next may follow (`LineBuffer.taken`). */
  | { readonly is: 'linesTaken' }
  /** Listen no more, end the sessions, answer `stopped`. */
  | { readonly is: 'stop' }

export type FromSessionThread =
  | { readonly is: 'ready' }
  | {
      readonly is: 'bound'
      readonly round: number
      readonly failures: readonly { readonly binding: Binding; readonly error: string }[]
    }
  | { readonly is: 'lines'; readonly lines: string }
  | { readonly is: 'popLogin'; readonly ip: string; readonly atMs: number; readonly user: string }
  | { readonly is: 'acted'; readonly round: number }
  | { readonly is: 'sentence'; readonly sentence: Sentence; readonly ref: string | undefined }
  | { readonly is: 'stopped' }
