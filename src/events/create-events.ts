import { pino } from 'pino'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/fault.ts'
import type { Events, QueueTag, SessionTag } from './contract.ts'
import { createFloodGuard } from './flood.ts'
import { cut, escapeUnsafe } from './line-text.ts'

/** The logs that lines are kept in, one file each (Kerio Connect's names). */
export const LOGS = ['mail', 'security', 'config', 'error', 'operations'] as const
export type LogName = (typeof LOGS)[number]

export const LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type Level = (typeof LEVELS)[number]

/** The events, and what the thread that owns them does with them. */
export interface LiveEvents extends Events {
  /** Lines were lost on their way to the files. */
  readonly linesDropped: (lines: number) => void
  /** Write lines of this level and above from now on. */
  readonly setLevel: (level: Level) => void
  /** Write the sums of what flood protection holds back: before the thread ends. */
  readonly settle: () => void
}

/** Recipients named in one line; the rest are only counted. */
const NAMED_RECIPIENTS = 10
/** Causes followed below one error. */
const MAX_CAUSES = 5
const MAX_MESSAGE = 500
const MAX_STACK = 2000

/**
 * Make the events of one thread. Each is one JSON line (with its line end) given to `write`; `log` and `event` say which it is.
 * Every value is cut and escaped here, so callers hand over whatever a client sent.
 */
export function createEvents(options: {
  readonly write: (line: string) => void
  readonly clock: Clock
  readonly level?: Level
}): LiveEvents {
  const { clock } = options
  const root = pino(
    {
      base: null,
      level: options.level ?? 'info',
      formatters: { level: (label) => ({ level: label }) },
      timestamp: timestamps(clock),
    },
    { write: (line: string) => options.write(escapeUnsafe(line)) },
  )
  const { mail, security, config, error, operations } = Object.fromEntries(
    LOGS.map((log) => [log, root.child({ log })]),
  ) as Record<LogName, pino.Logger>

  const guard = createFloodGuard(clock, ({ kind, client, lines }) => {
    security.warn({ event: 'repeated', what: kind, ip: client ?? 'others', lines })
  })

  return {
    listening: ({ service, address, port, thread }) =>
      operations.info({ event: 'listening', service, address, port, thread }),
    stopped: (why) => operations.info({ event: 'stopped', why: cut(why) }),

    sessionOpened: ({ service, ip }) => operations.debug({ event: 'opened', service, ip }),
    sessionClosed: ({ service, ip, why }) => operations.debug({ event: 'closed', service, ip, why: cut(why) }),

    loginSucceeded({ user, mechanism, tls, ...session }) {
      security.info({ event: 'login', ...tag(session), user: cut(user), mechanism, tls })
    },
    loginFailed({ name, mechanism, why, ...session }) {
      if (!guard.admits('login-failed', session.ip)) return
      security.warn({
        event: 'login-failed',
        ...tag(session),
        name: cut(name),
        mechanism: cut(mechanism),
        why: cut(why),
      })
    },
    refused(refusal) {
      if (!guard.admits(`refused ${refusal.rule}`, refusal.ip)) return
      const { ref, stage, rule, because, reply, sender, recipient, user } = refusal
      security.info({
        event: 'refused',
        ref,
        ...tag(refusal),
        stage,
        rule,
        ...(sender === undefined ? undefined : { from: path(sender) }),
        ...(recipient === undefined ? undefined : { to: path(recipient) }),
        ...(user === undefined ? undefined : { user: cut(user) }),
        reply: cut(reply),
        because: cut(because),
      })
    },
    protocolViolated({ what, ...session }) {
      if (!guard.admits('violation', session.ip)) return
      security.warn({ event: 'violation', ...tag(session), what: cut(what) })
    },

    blocked({ network, reason, evidence, until, ref, author }) {
      if (!guard.admits('blocked', network.split('/')[0] as string)) return
      security.warn({
        event: 'blocked',
        network,
        reason,
        evidence: cut(evidence),
        until,
        ...(ref === undefined ? undefined : { ref }),
        ...(author === undefined ? undefined : { author: cut(author) }),
      })
    },
    blockLifted: ({ network, reason, author }) =>
      security.info({ event: 'block-lifted', network, reason, author: cut(author) }),
    trustSuspended: ({ ip, evidence, ref, todo }) =>
      security.error({
        event: 'trust-suspended',
        ip,
        evidence: cut(evidence),
        ...(ref === undefined ? undefined : { ref }),
        todo: cut(todo),
      }),
    trustRestored: ({ ip, author }) => security.info({ event: 'trust-restored', ip, author: cut(author) }),
    accountFrozen: ({ user, why, by, held, ref }) =>
      security.error({
        event: 'account-frozen',
        user: cut(user),
        why: cut(why),
        by: cut(by),
        held,
        ...(ref === undefined ? undefined : { ref }),
      }),
    accountReleased: ({ user, by, released, removed }) =>
      security.info({ event: 'account-released', user: cut(user), by: cut(by), released, removed }),
    relayIsOpen: ({ where, says }) => security.error({ event: 'open-relay', where: cut(where), says: cut(says) }),
    audited: ({ findings, asked, relayed }) => operations.info({ event: 'audited', findings, asked, relayed }),
    countsLetGo: ({ letGo, bytes }) => operations.warn({ event: 'counts-let-go', letGo, bytes }),

    messageReceived(message) {
      const { recipients, user, messageId } = message
      mail.info({
        event: 'received',
        ref: message.ref,
        service: message.service,
        ip: message.ip,
        helo: cut(message.helo),
        tls: message.tls,
        user: user === undefined ? undefined : cut(user),
        from: path(message.sender),
        to: recipients.length === 1 ? [path(recipients[0] as string)] : recipients.slice(0, NAMED_RECIPIENTS).map(path),
        recipients: recipients.length,
        size: message.sizeBytes,
        msgid: messageId === undefined ? undefined : cut(messageId),
      })
    },
    messageDelivered: ({ ref, recipient }) => mail.info({ event: 'delivered', ref, to: path(recipient) }),
    messageQueued: ({ ref, recipient }) => mail.info({ event: 'queued', ref, to: path(recipient) }),
    mailSent({ reply, afterMs, tries, ...entry }) {
      mail.info({
        event: 'sent',
        ...queueTag(entry),
        ...(reply === undefined ? undefined : { reply: cut(reply) }),
        tries,
        afterMs,
      })
    },
    mailDeferred({ because, status, tries, nextTryMs, ...entry }) {
      const nextTry = new Date(nextTryMs).toISOString()
      mail.info({ event: 'deferred', ...queueTag(entry), status: cut(status), because: cut(because), tries, nextTry })
    },
    mailFailed({ because, status, tries, expired, ...entry }) {
      const event = expired ? 'expired' : 'bounced'
      mail.warn({ event, ...queueTag(entry), status: cut(status), because: cut(because), tries })
    },
    destinationDown: ({ destination, because, forMs }) =>
      mail.warn({ event: 'destination-down', destination: cut(destination), because: cut(because), forMs }),
    destinationUp: ({ destination }) => mail.info({ event: 'destination-up', destination: cut(destination) }),
    destinationShaped({ destination, rule, answer, what }) {
      mail.warn({
        event: 'destination-shaped',
        destination: cut(destination),
        rule: cut(rule),
        what: cut(what),
        answer: cut(answer),
      })
    },
    signingRecordChecked({ domain, selector, is, why }) {
      const line = { event: 'signing-record', domain: cut(domain), selector: cut(selector), what: is, why: cut(why) }
      if (is === 'activated') config.info(line)
      else error.warn(line)
    },
    mailboxRead: ({ user, retrieved, deleted, ...session }) =>
      mail.info({ event: 'mailbox-read', ...tag(session), user: cut(user), retrieved, deleted }),

    settingsChanged: ({ version, author, paths }) =>
      config.info({
        event: 'settings-changed',
        version,
        author: cut(author),
        paths: paths.slice(0, 20).map((each) => cut(each)),
        changes: paths.length,
      }),
    certificateLoaded: ({ from, names, expires }) =>
      config.info({ event: 'certificate', from: cut(from), names: cut(names), expires }),
    faulted({ what, error: thrown }) {
      if (!guard.admits('fault', cut(what))) return
      error.error({ event: 'fault', what: cut(what), ...explain(thrown) })
    },
    linesDropped: (lines) => error.warn({ event: 'lines-dropped', lines }),

    setLevel(level) {
      for (const logger of [root, mail, security, config, error, operations]) logger.level = level
    },
    settle: guard.settle,
  }
}

function tag({ service, ip }: SessionTag): { readonly service: string; readonly ip: string } {
  return { service, ip }
}

function queueTag({ ref, sender, recipient, user, host, tls }: QueueTag) {
  return {
    ref,
    from: path(sender),
    to: path(recipient),
    ...(user === undefined ? undefined : { user: cut(user) }),
    ...(host === undefined ? undefined : { host: cut(host) }),
    ...(tls === undefined ? undefined : { tls: cut(tls) }),
  }
}

/** Write an address as SMTP does, so that the null sender is seen: `<>`. */
function path(address: string): string {
  return `<${cut(address)}>`
}

/** Give pino the time of a line; lines of one millisecond share the text. */
function timestamps(clock: Clock): () => string {
  let lastMs = Number.NaN
  let last = ''
  return () => {
    const nowMs = clock.nowMs()
    if (nowMs !== lastMs) {
      lastMs = nowMs
      last = `,"time":"${new Date(nowMs).toISOString()}"`
    }
    return last
  }
}

/** Say what an error is: its message and those of its causes; the stack of a bug as well. */
function explain(thrown: unknown): { readonly error: string; readonly stack?: string } {
  const messages: string[] = []
  let each: unknown = thrown
  for (let depth = 0; depth < MAX_CAUSES && each !== undefined; depth++) {
    messages.push(messageOf(each))
    each = each instanceof Error ? each.cause : undefined
  }
  const error = cut(withoutSecrets(messages.join(': ')), MAX_MESSAGE)
  // A Fault is foreseen: its place in the code tells the administrator nothing.
  if (!(thrown instanceof Error) || thrown.name === 'Fault' || thrown.stack === undefined) return { error }
  return { error, stack: cut(withoutSecrets(thrown.stack), MAX_STACK) }
}

/** Take out what a driver or a parser may have quoted in its message. */
function withoutSecrets(text: string): string {
  return text
    .replace(
      /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[\s\S]*?(-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|$)/g,
      '[private key]',
    )
    .replace(/(\w:\/\/[^/\s:@]{0,200}):[^/\s@]{1,200}@/g, '$1:[password]@')
}
