/** Postern itself, as `postern serve` runs it, with all its default rules and the decision record. */
import { startPostern } from '../../test/server.ts'
import { PopClient } from '../load/pop-client.ts'
import { emptyFolder, type Peer } from './peer.ts'

export const USER = 'user1'
export const PASSWORD = 'a mailbox for the bench'

export interface PosternPeer extends Peer {
  readonly popPort: number
}

/**
 * Start Postern with one local domain and user. The load comes from this machine but is to be a stranger's, so no group may
 * relay; the bench opens more connections than the default admits.
 */
export async function startPosternPeer(domain: string): Promise<PosternPeer> {
  const server = await startPostern({
    dataDir: emptyFolder('postern'),
    provision: {
      settings: {
        server: { hostname: `mail.${domain}` },
        relay: { ipGroup: null },
        services: { smtp: { maxConnections: 'unlimited' }, pop3: { maxConnections: 'unlimited' } },
        logs: { console: false },
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
    pid: server.pid,
    kept,
    stop: server.stop,
  }
}
