/** A server that is killed again and again under load, on the same data. */
import { setTimeout as pause } from 'node:timers/promises'
import { type Ports, type Provision, type RunningPostern, startPostern } from '../server.ts'
import { type Account, settleAccount } from './account.ts'
import { findLeftovers } from './leftovers.ts'
import { startLoad } from './load.ts'
import { emptyMailbox } from './mailbox.ts'
import type { Attempt } from './message.ts'
import { createRandom } from './random.ts'

const DOMAIN = 'example.test'
const PASSWORD = 'kept through every crash'
const CLIENTS = 16

export const USERS = ['user1', 'user2', 'user3', 'user4'].map((name) => `${name}@${DOMAIN}`)
export const PROVISION: Provision = {
  settings: { server: { hostname: `mail.${DOMAIN}` }, logs: { console: false } },
  domains: [DOMAIN],
  users: USERS.map((address) => ({ address, password: PASSWORD })),
}

export interface Round extends Account {
  readonly seed: number
  /** How long the load ran before the kill. */
  readonly afterMs: number
}

/**
 * Run rounds on one data directory: load, SIGKILL at a random moment, start again, account for every message, empty the
 * mailboxes. What a later round finds of an earlier one is a finding too: a deletion that was undone.
 */
export async function runRounds(options: {
  readonly rounds: number
  readonly seed: number
  readonly done: (round: Round) => void
}): Promise<void> {
  let server = await startPostern({ provision: PROVISION })
  const { dataDir, ports } = server
  try {
    for (let number = 0; number < options.rounds; number++) {
      const seed = options.seed + number
      const afterMs = createRandom(seed).integer(100, 1500)
      const load = startLoad({ port: ports.smtp, clients: CLIENTS, recipients: USERS, seed, round: number })
      await pause(afterMs)
      await server.kill('SIGKILL')
      await load.end()
      server = await startPostern({ provision: PROVISION, dataDir, ports })
      options.done({ seed, afterMs, ...(await takeStock(server, ports, load.attempts)) })
    }
  } finally {
    await server.kill('SIGKILL')
    const { rm } = await import('node:fs/promises')
    await rm(dataDir, { recursive: true, force: true })
  }
}

/** Read and empty every mailbox, and settle the account. */
export async function takeStock(server: RunningPostern, ports: Ports, attempts: readonly Attempt[]): Promise<Account> {
  const mailboxes = new Map<string, readonly Buffer[]>()
  for (const user of USERS) mailboxes.set(user, await emptyMailbox(ports.pop3, user, PASSWORD))
  const account = settleAccount(attempts, mailboxes)
  return { ...account, findings: [...account.findings, ...findLeftovers(server.dataDir)] }
}
