import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/fault.ts'
import type { Srs } from '#base/srs.ts'
import type { Directory } from '#directory/contract.ts'
import type { Carrier, Consignment, Outcome, Plan, Progress, Trouble } from '#queue/contract.ts'
import type { Settings } from '#settings/schema.ts'
import type { MessageStore, QueueEntry } from '#store/contract.ts'
import { OPENING_MS } from './client/open-conversation.ts'
import type { PopLoginOptions } from './client/pop-login.ts'
import type {
  CheckCertificate,
  Conversation,
  ConversationOptions,
  Envelope,
  Login,
  NoConversation,
  ServerAddress,
  TlsRequirement,
} from './contract.ts'
import { deliverLocally } from './local.ts'
import { createConversationPool } from './pool.ts'
import { keyOf, parametersOf } from './sharing-keys.ts'
import { sourceAddressOf } from './source-address.ts'
import { attemptsOf } from './tls/tls-attempts.ts'
import { createUnreachable } from './unreachable.ts'
import type { Way, Ways } from './ways.ts'

export interface CarrierParts {
  readonly clock: Clock
  readonly settings: () => Settings
  /** The name this server gives itself where `delivery.hostname` names no other. */
  readonly hostname: () => string
  readonly directory: Pick<Directory, 'resolve' | 'isLocalDomain'>
  /** Writes the senders of what is forwarded anew. */
  readonly srs?: Srs
  readonly messages: Pick<MessageStore, 'read'>
  readonly ways: Ways
  /** What TLS has to be on the way to this server; trouble when that cannot be found out, or forbids the server. */
  readonly requirementFor: (way: Way, server: ServerAddress, entry: QueueEntry) => Promise<TlsRequirement | Trouble>
  /** Told how TLS with a domain's server went: what the domain may want to hear of (RFC 8460). */
  readonly tlsTried: (session: {
    readonly domain: string
    readonly server: ServerAddress
    readonly requirement: TlsRequirement
    readonly failed?: string
  }) => void
  /** The lines that sign a message, to stand before it; undefined where nothing signs it. */
  readonly sign: (
    entry: QueueEntry,
    pieces: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  ) => Promise<Uint8Array | undefined>
  readonly credentials: (name: string) => Promise<Login | undefined>
  readonly openConversation: (options: ConversationOptions) => Promise<Conversation | NoConversation>
  readonly checkCertificate: CheckCertificate
  /** Log in by POP3 before the mail; trouble when that fails. */
  readonly popLogin: (options: PopLoginOptions) => Promise<Trouble | undefined>
  readonly ca?: readonly string[]
  /** Told of what should not happen: the mail waits. */
  readonly faulted: (fault: { readonly what: string; readonly error: unknown }) => void
}

/** Servers of one domain that are tried for one message: who has more of them that are all away is asked again later. */
const MOST_SERVERS = 5
/** After so long with servers that come to nothing no further one is begun with: the delivery's place is for others. */
const SERVERS_MS = 600_000

/** A carrier, and what the thread that holds it asks of it besides. */
export interface OwnCarrier extends Carrier {
  /** Settings or secrets have changed: what is asked of connections may have too. */
  forget(): void
}

/** Create the carrier: it finds the way of what waits, keeps connections, and tries one server after another. */
export function createCarrier(parts: CarrierParts): OwnCarrier {
  const { clock, settings, directory, ways } = parts
  const pool = createConversationPool(clock)
  const unreachable = createUnreachable(clock)
  const requirements = new WeakMap<Way, Map<string, Promise<TlsRequirement | Trouble>>>()

  async function planOf(entry: QueueEntry): Promise<Plan | Trouble> {
    if (await directory.isLocalDomain(entry.domain)) return LOCAL
    const way = await ways.find(entry)
    if (way.is !== 'way') return way
    return { is: 'plan', site: way.site, way: `${way.key} ${parametersOf(entry)}`, carries: way } as Plan
  }

  async function attempt(plan: Plan, consignment: Consignment, progress: Progress): Promise<readonly Outcome[]> {
    if (plan.local === true) {
      return Promise.all(consignment.entries.map((entry) => deliverLocally(entry, parts, clock.nowMs())))
    }
    const { carries: way } = plan as Plan & { readonly carries: Way }
    const [entry] = consignment.entries
    const envelope = await envelopeOf(consignment, progress)
    if (envelope === undefined) return consignment.entries.map(() => GONE)
    let trouble: Trouble = NO_SERVER
    const endMs = clock.monotonicMs() + SERVERS_MS
    for (const server of unreachable.last(way.servers).slice(0, MOST_SERVERS)) {
      const tried = await tryServer(way, server, entry, envelope, progress)
      if (!('is' in tried)) return tried
      trouble = tried
      // The message or the recipient is refused for good by whoever speaks for the domain: another server says the same.
      if (tried.scope !== 'server' || clock.monotonicMs() >= endMs) break
    }
    return consignment.entries.map(() => trouble)
  }

  /** Hand a message to one server; trouble of `scope: 'server'` says that it could not be spoken to. */
  async function tryServer(
    way: Way,
    server: ServerAddress,
    entry: QueueEntry,
    envelope: Envelope,
    progress: Progress,
  ): Promise<readonly Outcome[] | Trouble> {
    const since = pool.generation
    const requirement = await requirementOf(way, server, entry)
    if ('is' in requirement) return requirement
    const localAddress = sourceAddressOf(settings().delivery, entry.returnPath ?? entry.sender, server.ip)
    const key = keyOf(way, server, requirement, localAddress)
    const kept = pool.take(key)
    if (kept !== undefined) {
      const outcomes = asTold(way, await kept.send(envelope))
      if (!outcomes.every(isServerTrouble)) {
        pool.give(key, kept, since)
        return outcomes
      }
      // It was closed while it was idle, or its login is no longer good, which says nothing of the server.
      kept.close()
    }
    const opened = await open(way, server, requirement, localAddress, entry, progress)
    if (opened.is === 'none') return opened.trouble
    const { conversation } = opened
    const outcomes = asTold(way, await conversation.send(envelope))
    pool.give(key, conversation, since)
    const [first] = outcomes
    return first !== undefined && outcomes.every(isServerTrouble) ? (first as Trouble) : outcomes
  }

  /** Ask once for as long as the way is kept: of a flow of messages each would ask the same. */
  function requirementOf(way: Way, server: ServerAddress, entry: QueueEntry): Promise<TlsRequirement | Trouble> {
    const known = requirements.get(way) ?? new Map<string, Promise<TlsRequirement | Trouble>>()
    requirements.set(way, known)
    const key = `${server.host} ${server.ip} ${entry.requireTls ?? false} ${entry.tlsOptional ?? false}`
    const found = known.get(key) ?? parts.requirementFor(way, server, entry)
    known.set(key, found)
    return found
  }

  async function open(
    way: Way,
    server: ServerAddress,
    requirement: TlsRequirement,
    localAddress: string | undefined,
    { tlsOptional }: QueueEntry,
    progress: Progress,
  ): Promise<{ readonly is: 'open'; readonly conversation: Conversation } | NoConversation> {
    const { delivery } = settings()
    const login = await loginOf(way, server)
    if (login?.is === 'none') return login
    const options: ConversationOptions = {
      server,
      protocol: way.protocol,
      hello: delivery.hostname ?? parts.hostname(),
      connectTimeoutMs: delivery.connectTimeout,
      // One span for all tries with less TLS, too.
      untilMs: clock.monotonicMs() + delivery.connectTimeout + OPENING_MS,
      tls: requirement,
      implicitTls: way.implicitTls,
      checkCertificate: parts.checkCertificate,
      clock,
      at: (stage, hop) => progress.at(stage, hop),
      ...(localAddress === undefined ? {} : { localAddress }),
      ...(parts.ca === undefined ? {} : { ca: parts.ca }),
      ...(login === undefined ? {} : { login: login.login }),
    }
    let failed: NoConversation | undefined
    function tell(result?: string): void {
      // RFC 8460 §4: what is counted was held against the domain's policy. This was held against none.
      if (tlsOptional !== true) tlsTried(way, server, requirement, result)
    }
    for (const tls of attemptsOf(requirement, login === undefined)) {
      const opened = await parts.openConversation({ ...options, tls })
      if (!('is' in opened)) {
        unreachable.spoke(server)
        if (opened.hop.tls !== undefined && failed === undefined) tell()
        return { is: 'open', conversation: opened }
      }
      // What is told is why it did not come about as it should, not what came of trying with less.
      failed ??= opened
      if (opened.tlsFailed === undefined) break
      if (tls === requirement) tell(opened.tlsFailed)
    }
    if (failed?.trouble.stage === 'connect') unreachable.failed(server)
    return failed as NoConversation
  }

  /** Sessions with a relay server are not the recipient domain's business. */
  function tlsTried({ domain, route }: Way, server: ServerAddress, requirement: TlsRequirement, failed?: string): void {
    if (route.via !== 'mx') return
    parts.tlsTried({ domain, server, requirement, ...(failed === undefined ? {} : { failed }) })
  }

  /** Give what to log in with; a POP3 login is done at once, and leaves nothing for SMTP. */
  async function loginOf(
    way: Way,
    server: ServerAddress,
  ): Promise<{ readonly is: 'login'; readonly login: Login } | NoConversation | undefined> {
    if (way.credentials === undefined) return undefined
    const login = await parts.credentials(way.credentials)
    if (login === undefined) {
      const because = `there are no credentials called ${way.credentials}, which the route names: postern credentials set ${way.credentials}`
      return { is: 'none', trouble: { is: 'deferred', status: '4.7.0', because, stage: 'login', scope: 'domain' } }
    }
    if (way.loginBy === 'smtp') return { is: 'login', login }
    const trouble = await popLogin(way, server, login)
    return trouble === undefined ? undefined : { is: 'none', trouble }
  }

  /** Log in on the POP3 server that belongs to a relay server. */
  async function popLogin({ route, domain }: Way, server: ServerAddress, login: Login): Promise<Trouble | undefined> {
    if (route.via === 'mx' || route.login === undefined) return undefined
    const { popHost, popPort } = route.login
    const found = popHost === server.host ? [{ ...server, port: popPort }] : await ways.serversOf(popHost, popPort)
    if (!Array.isArray(found)) return found as Trouble
    const { delivery } = settings()
    const localAddress = sourceAddressOf(delivery, `@${domain}`, server.ip)
    const [first] = found as readonly ServerAddress[]
    return parts.popLogin({
      server: first ?? server,
      connectTimeoutMs: delivery.connectTimeout,
      tls: { mode: route.tls ?? delivery.tls, by: 'settings', names: [popHost] },
      implicitTls: popPort === POP3S_PORT,
      checkCertificate: parts.checkCertificate,
      clock,
      login,
      ...(localAddress === undefined ? {} : { localAddress }),
      ...(parts.ca === undefined ? {} : { ca: parts.ca }),
    })
  }

  async function envelopeOf({ messageId, entries }: Consignment, progress: Progress): Promise<Envelope | undefined> {
    const [entry] = entries
    const pieces = await parts.messages.read(messageId)
    if (pieces === undefined) return undefined
    // Read once for signing where something signs, and once for sending; a small message is one piece, kept for both.
    const whole = Array.isArray(pieces) ? (pieces as readonly Uint8Array[]) : undefined
    let unread: Iterable<Uint8Array> | AsyncIterable<Uint8Array> | undefined = pieces
    const signature = await parts.sign(entry, () => whole ?? rereadOf(messageId))
    function content(): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
      const body = whole ?? unread ?? rereadOf(messageId)
      unread = undefined
      if (signature === undefined) return body
      return whole === undefined ? preceded(signature, body) : [signature, ...whole]
    }
    const { ret, envid, body, smtputf8, requireTls } = entry
    return {
      returnPath: entry.returnPath ?? entry.sender,
      recipients: entries,
      sizeBytes: entry.sizeBytes + (signature?.length ?? 0),
      content,
      sent: (bytes) => progress.sent(bytes),
      at: (stage, hop) => progress.at(stage, hop),
      ...(ret && { ret }),
      ...(envid && { envid }),
      ...(body && { body }),
      ...(smtputf8 && { smtputf8 }),
      ...(requireTls && { requireTls }),
    }
  }

  async function* rereadOf(messageId: number): AsyncIterable<Uint8Array> {
    yield* (await parts.messages.read(messageId)) ?? []
  }

  /** Whatever goes wrong here, the mail is not lost, and the scheduler goes on. */
  function wrong(what: string, error: unknown): Trouble {
    parts.faulted({ what, error })
    const because = `this server had trouble of its own (${messageOf(error)}); see its error log`
    return { is: 'deferred', status: '4.3.0', because, stage: 'route', scope: 'message' }
  }

  return {
    async plan(entry) {
      try {
        return await planOf(entry)
      } catch (error) {
        return wrong(`finding the way to ${entry.recipient}`, error)
      }
    },
    async carry(plan, consignment, progress) {
      try {
        return await attempt(plan, consignment, progress)
      } catch (error) {
        const trouble = wrong(`delivering message ${consignment.messageId} to ${consignment.entries[0].domain}`, error)
        return consignment.entries.map(() => trouble)
      }
    },
    forget() {
      pool.clear()
      ways.forget()
    },
  }
}

/** RFC 8314 §7.1 */
const POP3S_PORT = 995

const LOCAL: Plan = { is: 'plan', site: 'local', way: 'local', local: true }

/** The message went while it was picked up: somebody removed it. Whatever becomes of the entry is passed over. */
const GONE: Trouble = {
  is: 'deferred',
  status: '4.3.0',
  because: 'the message is no longer there',
  stage: 'route',
  scope: 'message',
}

const NO_SERVER: Trouble = {
  is: 'deferred',
  status: '4.4.4',
  because: 'there is no server to send it to',
  stage: 'route',
  scope: 'domain',
}

/**
 * Take what a server says of our login for what it is: a matter between us and the server, that sends no mail back (RFC 4954 §6). A
 * login by POP3 may have lost its time while the connection was kept.
 */
function asTold({ credentials }: Way, outcomes: readonly Outcome[]): readonly Outcome[] {
  if (credentials === undefined) return outcomes
  return outcomes.map((outcome) =>
    outcome.is === 'failed' && (outcome.reply?.code === 530 || outcome.reply?.code === 535)
      ? { ...outcome, is: 'deferred', status: '4.7.0', scope: 'server' }
      : outcome,
  )
}

function isServerTrouble(outcome: Outcome): boolean {
  return 'scope' in outcome && outcome.scope === 'server'
}

async function* preceded(
  first: Uint8Array,
  rest: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  yield first
  yield* rest
}
