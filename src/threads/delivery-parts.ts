/** What the delivery thread is made of: its own reader of the store, the scheduler, the carrier, and what they ask of the world. */

import type { Clock } from '#base/clock.ts'
import { createDns } from '#base/dns.ts'
import { createReferences } from '#base/reference.ts'
import { createSeal } from '#base/seal.ts'
import { createSrs } from '#base/srs.ts'
import { createValidatedDns } from '#base/validated-dns.ts'
import { createCarrier } from '#deliver/carrier.ts'
import { openConversation } from '#deliver/client/open-conversation.ts'
import { popLogin } from '#deliver/client/pop-login.ts'
import { createCredentials } from '#deliver/credentials.ts'
import { createWayTeller } from '#deliver/describe-way.ts'
import { createKeyRing } from '#deliver/dkim/key-ring.ts'
import { createSigner } from '#deliver/dkim/signer.ts'
import { createSigningKeys } from '#deliver/dkim/signing-keys.ts'
import { findHost, findServers } from '#deliver/mx.ts'
import { createReporter } from '#deliver/reporter.ts'
import { checkCertificate } from '#deliver/tls/certificate.ts'
import { openVault } from '#deliver/vault.ts'
import { createWays } from '#deliver/ways.ts'
import { openDirectory } from '#directory/directory.ts'
import { createEvents } from '#events/create-events.ts'
import { createLineBuffer } from '#events/line-buffer.ts'
import { createScheduler } from '#queue/scheduler.ts'
import { openStore } from '#store/sqlite/open.ts'
import { watchQueueChanges } from '#store/sqlite/queue-changes.ts'
import type { DeliveryAnswers, DeliveryQuestion, DeliveryThreadData, FromDeliveryThread } from './delivery-messages.ts'
import type { Policy } from './messages.ts'
import { createOwnPlaces } from './own-places.ts'
import { createQueueEvents, type DeliveryTotals } from './queue-events.ts'
import { openReferenceNumbers } from './reference-numbers.ts'
import { openTransportPolicies } from './transport-policies.ts'

export interface DeliveryThreadParts {
  adopt(policy: Policy): void
  /** The queue, the credentials or the keys were changed by hand; these domains, or all, are tried although they were down. */
  lookAgain(tryNow: 'all' | readonly string[] | undefined): void
  answer(question: DeliveryQuestion): Promise<DeliveryAnswers[keyof DeliveryAnswers]>
  linesTaken(): void
  /** Begin nothing more, end what is under way, let the store finish. */
  stop(): Promise<void>
}

/** How long what is under way may take when the server stops; what does not end by then is tried again at the next start. */
const STOP_WITHIN_MS = 8000
/** Domains that the administration is shown at once. */
const MOST_DOMAINS = 1000

/** Put the delivery thread together. */
export async function openDelivery(
  data: DeliveryThreadData,
  tell: (message: FromDeliveryThread) => void,
  clock: Clock,
): Promise<DeliveryThreadParts> {
  let policy = data.policy
  const totals: DeliveryTotals = { delivered: 0, deferred: 0, failed: 0, expired: 0 }
  const settings = () => policy.settings
  const hostname = () => policy.hostname
  const lines = createLineBuffer({
    post: (batch) => tell({ is: 'lines', lines: batch }),
    clock,
    dropped: (count) => events.linesDropped(count),
  })
  const events = createEvents({ write: lines.write, clock, level: policy.settings.logs.level })
  const store = openStore({ file: data.storeFile, port: data.storePort, directoryChanges: data.directoryChanges })
  const directory = openDirectory({ store, srsSecret: data.referenceKey, hostname, clock })
  const references = createReferences(data.referenceKey)
  const numbers = await openReferenceNumbers(store.decisions, references, (error) =>
    events.faulted({ what: 'numbering reports', error }),
  )
  const dns = createDns(dnsOptions(policy, clock))
  const validated = createValidatedDns(dnsOptions(policy, clock))
  const vault = openVault({ store: store.vault, seal: createSeal(data.secretsKeyFile), nowMs: clock.nowMs })
  const credentials = createCredentials(vault)
  const signer = createSigner({
    keysOf: createSigningKeys({
      ring: createKeyRing({ vault, nowMs: clock.nowMs }),
      isLocalDomain: directory.isLocalDomain,
      monotonicMs: clock.monotonicMs,
    }),
    nowMs: clock.nowMs,
  })

  let own = createOwnPlaces(policy)
  const find = (port: number) => ({
    dns: validated,
    families: settings().delivery.families,
    port,
    random: Math.random,
    ...own,
  })
  const ways = createWays({
    settings,
    clock,
    findServers: (domain) => findServers(domain, find(settings().delivery.port)),
    findHost: (host, port) => findHost(host, find(port)),
  })
  const transport = openTransportPolicies({
    clock,
    settings,
    hostname,
    dns,
    validated,
    store,
    directory,
    nextReference: numbers.next,
    events,
  })
  const carrier = createCarrier({
    clock,
    settings,
    hostname,
    directory,
    messages: store.messages,
    ways,
    requirementFor: transport.requirementFor,
    tlsTried: transport.tlsTried,
    sign: (entry, content) => signer.sign(entry, content),
    credentials: credentials.loginOf,
    openConversation,
    checkCertificate,
    popLogin,
    srs: createSrs(data.referenceKey),
    faulted: events.faulted,
  })
  const scheduler = createScheduler({
    queue: store.queue,
    carrier,
    writeReport: createReporter({
      messages: store.messages,
      directory,
      hostname,
      settings,
      clock,
      nextReference: numbers.next,
      referenceOf: references.format,
    }),
    settings,
    clock,
    random: Math.random,
    events: createQueueEvents({ events, references, nowMs: clock.nowMs, totals }),
    bounced: (entry) => {
      if (entry.user !== undefined) tell({ is: 'bounced', user: entry.user, recipients: 1 })
    },
  })
  const describeWay = createWayTeller({ settings, directory, ways, requirementFor: transport.requirementFor })
  const endWatch = watchQueueChanges(data.queueChanges, () => scheduler.poke())
  scheduler.start()

  return {
    linesTaken: lines.taken,
    adopt(next) {
      policy = next
      own = createOwnPlaces(policy)
      events.setLevel(next.settings.logs.level)
      dns.adopt(dnsOptions(policy, clock))
      validated.adopt(dnsOptions(policy, clock))
      carrier.forget()
      scheduler.lookAgain()
    },
    lookAgain(tryNow) {
      // A connection that was logged in by what holds no more must not carry what comes now.
      carrier.forget()
      if (tryNow === undefined) scheduler.lookAgain()
      else if (tryNow === 'all') scheduler.tryNow()
      else for (const domain of tryNow) scheduler.tryNow(domain)
    },
    async answer(question) {
      switch (question.is) {
        case 'running':
          return scheduler.running()
        case 'domains':
          return scheduler.domains(MOST_DOMAINS)
        case 'counts':
          return { ...totals, ...scheduler.counts() }
        case 'plan': {
          const entry = await store.queue.get(question.id)
          return entry === undefined ? undefined : describeWay(entry)
        }
        case 'route':
          return describeWay(supposedEntry(question.sender, question.recipient))
      }
    },
    async stop() {
      endWatch()
      await scheduler.stop(STOP_WITHIN_MS)
      await transport.stop()
      carrier.forget()
      dns.close()
      validated.close()
      await store.close()
      events.settle()
      lines.flush()
    },
  }
}

/** Mail that is not there, to ask by which way it would go. */
function supposedEntry(sender: string, recipient: string) {
  return { sender, recipient, domain: recipient.slice(recipient.lastIndexOf('@') + 1).toLowerCase() }
}

function dnsOptions({ settings: { dns } }: Policy, clock: Clock) {
  return { servers: dns.servers, timeoutMs: dns.timeout, cacheSize: dns.cacheSize, clock }
}
