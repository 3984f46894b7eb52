/** Postern itself, as `postern serve` runs it, with all its default rules and the decision record. */
import { startScriptedDns } from '../../src/base/dns-testing.ts'
import { startPostern } from '../../test/server.ts'
import { PopClient } from '../load/pop-client.ts'
import { emptyFolder, type Peer } from './peer.ts'

export const USER = 'user1'
export const PASSWORD = 'a mailbox for the bench'

export interface PosternPeer extends Peer {
  readonly popPort: number
  readonly dataDir: string
}

/** More than any load here reaches, for loads that are no attack. */
const RAISED = {
  messagesPerHour: 'unlimited',
  concurrentConnections: 'unlimited',
  connectionsPerMinute: 'unlimited',
}

/**
 * Start Postern with one local domain and user. The load comes from this machine but is to be a stranger's, so nobody is in a
 * group: not that which may relay, nor that which the limits do not hold for, nor the never-block list. `limits` are the settings
 * of that name; without them the ones that one address with a whole load passes are raised, and all others are as they come.
 */
export function startPosternPeer(domain: string, limits: object = RAISED): Promise<PosternPeer> {
  return start(domain, { relay: { ipGroup: null }, limits: { exemptGroup: null, neverBlock: [], ...limits } })
}

/** Start Postern as a relay: it trusts this machine, as it does by default, and all mail goes on by these routes. */
export function startPosternRelay(domain: string, routes: readonly object[], more: object = {}): Promise<PosternPeer> {
  return start(domain, { limits: RAISED, delivery: { routes }, ...more })
}

async function start(domain: string, settings: object): Promise<PosternPeer> {
  // Every sender's domain is in DNS: the rule that asks is on, as it is by default.
  const dns = await startScriptedDns(({ type, name }) =>
    type === 'MX' ? { answers: [{ type, data: `10 mx.${name}` }] } : {},
  )
  const server = await startPostern({
    dataDir: emptyFolder('postern'),
    provision: {
      settings: {
        server: { hostname: `mail.${domain}` },
        dns: { servers: [dns.server] },
        services: { smtp: { maxConnections: 'unlimited' }, pop3: { maxConnections: 'unlimited' } },
        logs: { console: false },
        ...settings,
      },
      domains: [domain],
      users: [{ address: `${USER}@${domain}`, password: PASSWORD }],
    },
  })
  const kept = async () => {
    const client = await PopClient.connect(server.ports.pop3)
    await client.login(`${USER}@${domain}`, PASSWORD)
    const { messages } = await client.stat()
    await client.quit()
    return messages
  }
  return {
    name: 'Postern',
    durable: true,
    port: server.ports.smtp,
    popPort: server.ports.pop3,
    dataDir: server.dataDir,
    pid: server.pid,
    kept,
    stop: async () => {
      await server.stop()
      await dns.stop()
    },
  }
}
