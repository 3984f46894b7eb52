/** What the tests of mail that goes out share: a server that tries again soon, and the waiting for mail far away. */
import assert from 'node:assert/strict'
import { type Provision, type RunningPostern, startPostern } from '../server.ts'
import { until } from '../until.ts'
import { PROVISION } from './mail.ts'

export interface DeliveringOptions {
  /** `127.0.0.1:PORT` of the DNS server. */
  readonly dns?: string
  /** The section `delivery` of the settings. */
  readonly delivery?: Readonly<Record<string, unknown>>
  /** The section `queue`; retries come within a second otherwise. */
  readonly queue?: Readonly<Record<string, unknown>>
  /** Other sections. */
  readonly settings?: Provision['settings']
  /** A file of authorities to trust. */
  readonly caFile?: string
}

/** Start a server whose users' mail goes out. */
export async function startDelivering(options: DeliveringOptions): Promise<RunningPostern & AsyncDisposable> {
  // Node reads it at its start: the server is a process of its own.
  if (options.caFile !== undefined) process.env.NODE_EXTRA_CA_CERTS = options.caFile
  const server = await startPostern({
    provision: {
      ...PROVISION,
      settings: {
        ...PROVISION.settings,
        sender: { requireDomainInDns: false },
        ...(options.dns !== undefined && { dns: { servers: [options.dns] } }),
        delivery: options.delivery ?? {},
        queue: { retry: ['1s'], ...options.queue },
        ...options.settings,
      },
    },
  })
  return { ...server, [Symbol.asyncDispose]: () => server.stop() }
}

/** Keep a login for relay servers in the server's vault. */
export async function keepCredentials(
  server: RunningPostern,
  name: string,
  user: string,
  password: string,
): Promise<void> {
  const set = await server.postern(['credentials', 'set', name, '--user', user, '--password-stdin'], `${password}\n`)
  assert.equal(set.code, 0, set.stderr)
}

/** Wait for as many messages as are expected in a mailbox far away, and give them. */
export async function arrived(mail: () => readonly Buffer[], count = 1, about = ''): Promise<readonly Buffer[]> {
  return until(`${count} messages far away ${about}`, async () => {
    const messages = mail()
    return messages.length >= count ? messages : undefined
  })
}

/** Take the header fields that servers on the way put on top off, up to our sample's own first (From). */
export function belowServers(message: Buffer, first = 'From: Alice Example'): string {
  const text = message.toString('latin1')
  const at = text.startsWith(first) ? 0 : text.indexOf(`\n${first}`) + 1
  assert.ok(at > 0 || text.startsWith(first), `no "${first}" in:\n${text.slice(0, 1000)}`)
  return text.slice(at)
}
