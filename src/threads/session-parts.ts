/** What a session thread is made of: its own reader of the store, the gate's readers, the two protocols and their listeners. */

import type { Socket } from 'node:net'
import { openSignIn } from '#auth/sign-in.ts'
import { acceptProxied } from '#base/accept-proxied.ts'
import type { Suspension } from '#base/block.ts'
import { clientNetworks } from '#base/client-networks.ts'
import type { Clock } from '#base/clock.ts'
import { createDns } from '#base/dns.ts'
import { normalizeIp } from '#base/network-set.ts'
import { createReferences } from '#base/reference.ts'
import { createSrs } from '#base/srs.ts'
import { createArrivalReporter } from '#deliver/reporter.ts'
import { openDirectory } from '#directory/directory.ts'
import { createEvents } from '#events/create-events.ts'
import { createLineBuffer } from '#events/line-buffer.ts'
import type { Sentence } from '#gate/record.ts'
import type { PopLogins } from '#ledger/contract.ts'
import { openJournal } from '#ledger/memory/journal.ts'
import { openLedger } from '#ledger/memory/open.ts'
import { openOpenConnections } from '#ledger/memory/open-connections.ts'
import { createPopLogins } from '#ledger/memory/pop-logins.ts'
import { createPop3 } from '#pop3/pop3.ts'
import type { Peer } from '#receive/ports.ts'
import { createReceiver } from '#receive/receiver.ts'
import type { Settings } from '#settings/schema.ts'
import { Records } from '#store/records.ts'
import { openStore } from '#store/sqlite/open.ts'
import { openConnectionCounts } from './connection-counts.ts'
import { connectionKey } from './facts/counters.ts'
import { createFacts } from './facts.ts'
import { type BindFailure, createListeners } from './listeners.ts'
import type { Act, Binding, FromSessionThread, Policy, SessionThreadData } from './messages.ts'
import { activate } from './policy.ts'
import { openReferenceNumbers } from './reference-numbers.ts'
import { createStandingBlocks } from './standing-blocks.ts'
import { turnAway } from './turn-away.ts'

export interface SessionParts {
  /** Judge by this policy from now on. */
  adopt(policy: Policy): void
  bind(bindings: readonly Binding[]): Promise<readonly BindFailure[]>
  readonly popLogins: PopLogins
  /** Do what the main thread asks of every thread; it holds when this returns. */
  act(act: Act): void
  /** The main thread took the lines that were posted last. */
  linesTaken(): void
  /** Listen no more, end the sessions, let the store finish. */
  stop(): Promise<void>
}

/** Sessions look at their deadlines this often. */
const TICK_MS = 1000

/** Put a session thread together. */
export async function openSession(
  data: SessionThreadData,
  tell: (message: FromSessionThread) => void,
  clock: Clock,
): Promise<SessionParts> {
  let policy = activate(data.policy)
  const lines = createLineBuffer({
    post: (batch) => tell({ is: 'lines', lines: batch }),
    clock,
    dropped: (count) => events.linesDropped(count),
  })
  const events = createEvents({ write: lines.write, clock, level: policy.settings.logs.level })

  const store = openStore({ file: data.storeFile, port: data.storePort, directoryChanges: data.directoryChanges })
  const directory = openDirectory({ store, srsSecret: data.referenceKey, hostname: () => policy.hostname, clock })
  const counts = openConnectionCounts(data.counts, data.index)
  const popLogins = createPopLogins()
  for (const { ip, atMs, user } of data.popLogins.toReversed()) popLogins.note(ip, atMs, user)
  const blocks = createStandingBlocks(clock, (ip) => policy.neverBlocked(ip), data.blocks)
  const suspensions = new Map(data.suspensions.map((suspension) => [suspension.ip, suspension]))
  const numbers = await openReferenceNumbers(store.decisions, createReferences(data.referenceKey), (error) =>
    events.faulted({ what: 'numbering decisions', error }),
  )
  const journal = openJournal(data.ledger, {
    dir: data.journalDir,
    threadIndex: data.index,
    failed: (error) => events.faulted({ what: 'writing down the counts behind the limits', error }),
  })
  const openConnections = openOpenConnections(data.ledger, data.index)
  const dns = createDns(dnsOptions(policy.settings, data.threads, clock))
  const facts = createFacts({
    settings: () => policy.settings,
    inGroup: (group, ip) => policy.inGroup(group, ip),
    directory,
    store,
    ledger: openLedger(data.ledger, { threadIndex: data.index, journal }),
    openConnections,
    connections: (service) => (service === 'admin' ? 0 : counts.total(service)),
    popLogins,
    dns,
    blocks,
    suspensions: { of: (ip) => suspensions.get(ip) },
    nowMs: clock.nowMs,
  })
  const shared = {
    clock,
    settings: () => policy.settings,
    hostname: () => policy.hostname,
    secureContext: () => policy.secureContext,
    certificate: () => policy.certificateDer,
    facts,
    signIn: openSignIn({ directory, store: store.directory, secret: data.referenceKey }),
    records: new Records({
      decisions: store.decisions,
      clock,
      nextReference: numbers.next,
      faulted: (fault) => events.faulted(fault),
    }),
    nextReference: numbers.next,
    sentence(sentence: Sentence, ref: string | undefined) {
      // Here at once: the next recipient of this session is judged by it.
      if (sentence.is === 'suspendTrust') suspensions.set(sentence.ip, suspensionOf(sentence, ref, clock.nowMs()))
      tell({ is: 'sentence', sentence, ref })
    },
    events,
  }
  const receiver = createReceiver({
    ...shared,
    directory,
    messages: store.messages,
    srs: createSrs(data.referenceKey),
    reportArrival: createArrivalReporter({
      directory,
      hostname: shared.hostname,
      settings: shared.settings,
      clock,
      nextReference: numbers.next,
    }),
  })
  const pop3 = createPop3({
    ...shared,
    mailboxes: store.mailboxes,
    loggedIn: (ip, user) => tell({ is: 'popLogin', ip, atMs: clock.nowMs(), user }),
  })

  function serve(socket: Socket, peer: Peer, service: Binding['service']): void {
    const block = blocks.standing(peer.ip)
    if (block !== undefined) {
      turnAway(socket, service, block, policy.settings)
      return
    }
    counts.opened(service)
    const networks = clientNetworks(peer.ip).map(({ network }) => connectionKey(service, network))
    openConnections.enter(networks)
    socket.once('close', () => {
      counts.closed(service)
      openConnections.leave(networks)
    })
    if (service === 'pop3' || service === 'pop3s') {
      pop3.serve(socket, peer, { service, implicitTls: service === 'pop3s' })
    } else {
      receiver.receive(socket, peer, { service, implicitTls: service === 'submissions' })
    }
  }

  async function serveProxied(socket: Socket, proxy: Peer, service: Binding['service']): Promise<void> {
    const accepted = await acceptProxied(socket, proxy, clock)
    if (accepted.is === 'refused') {
      events.protocolViolated({ service, ip: proxy.ip, what: accepted.why })
      socket.destroy()
      return
    }
    // Left paused: the protocol resumes it when it listens, so that no byte behind the header is lost.
    serve(socket, accepted.ends, service)
  }

  const listeners = createListeners((socket, service) => {
    const { remoteAddress, remotePort = 0 } = socket
    // The client may have gone before we looked.
    if (remoteAddress === undefined) {
      socket.destroy()
      return
    }
    const ip = normalizeIp(remoteAddress) ?? remoteAddress
    const peer = { ip, port: remotePort }
    if (policy.isProxy(service, ip)) void serveProxied(socket, peer, service)
    else serve(socket, peer, service)
  })

  const ticking = setInterval(() => {
    receiver.tick()
    pop3.tick()
  }, TICK_MS)

  function act(wanted: Act): void {
    switch (wanted.is) {
      case 'blocked':
        blocks.add(wanted.block)
        break
      case 'lifted':
        blocks.remove(wanted.id)
        break
      case 'suspended':
        suspensions.set(wanted.suspension.ip, wanted.suspension)
        break
      case 'restored':
        suspensions.delete(wanted.ip)
        break
      case 'endSessionsOf':
        popLogins.revokeOf(wanted.user)
        receiver.endSessionsOf(wanted.user)
        pop3.endSessionsOf(wanted.user)
        break
      case 'popRevoked':
        popLogins.revoke(wanted.ip)
        break
    }
  }

  return {
    popLogins,
    act,
    linesTaken: lines.taken,
    adopt(next) {
      policy = activate(next)
      events.setLevel(policy.settings.logs.level)
      dns.adopt(dnsOptions(policy.settings, data.threads, clock))
    },
    bind: listeners.bind,
    async stop() {
      await listeners.bind([])
      clearInterval(ticking)
      await Promise.all([receiver.stop(), pop3.stop()])
      counts.clear()
      await shared.records.flush()
      dns.close()
      journal.close()
      await store.close()
      events.settle()
      lines.flush()
    },
  }
}

/** What DNS keeps in memory is bounded for the server: each thread has its share. */
function dnsOptions({ dns }: Settings, threads: number, clock: Clock) {
  const { servers, timeout, cacheSize } = dns
  return { servers, timeoutMs: timeout, cacheSize: Math.ceil(cacheSize / threads), clock }
}

function suspensionOf(
  { ip, evidence }: Extract<Sentence, { is: 'suspendTrust' }>,
  ref: string | undefined,
  sinceMs: number,
): Suspension {
  return { ip, evidence, sinceMs, ...(ref === undefined ? {} : { ref }) }
}
