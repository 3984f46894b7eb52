import { type Duplex, duplexPair } from 'node:stream'
import type { Events } from '#events/contract.ts'
import type { FactReaders } from '#gate/facts.ts'
import type { Subject } from '#gate/subject.ts'
import type { Ports } from '#receive/ports.ts'
import { createReceiver } from '#receive/receiver.ts'
import type { DirectoryView } from '#review/audit/outward-addresses.ts'
import { type Audit, auditSettings, findInSettings, type ProbeStep } from '#review/audit.ts'
import { type LiveProbeOptions, type ProbeResult, probeInProcess, probeOverNetwork } from '#review/live-probe.ts'
import { compileGroups } from '#settings/ip-groups.ts'
import type { Problem } from '#settings/problem.ts'
import type { Settings } from '#settings/schema.ts'
import type { Listening } from './services.ts'

export interface AuditorParts {
  readonly directory: DirectoryView
  readonly machineAddresses: () => readonly string[]
  /** Readers that count nothing, over these settings. */
  readonly factsOver: (settings: Settings) => FactReaders<Subject>
  /** What an SMTP session needs besides its settings and its facts; the probe never sends a message. */
  readonly session: Omit<Ports, 'settings' | 'facts' | 'sentence'>
  /** Where the server listens now. */
  readonly listening: () => readonly Listening[]
  /** What an address that nobody trusts did as our probe is held against it no longer. */
  readonly forgive: (ip: string) => Promise<void>
}

export interface Auditor {
  /** Can a stranger relay, and by which way? `probe` also asks, as a stranger would: `network` over a network of its own where it can be had. */
  audit(settings: Settings, options: { readonly probe: 'no' | 'in-process' | 'network' }): Promise<Audit>
  /** Give the ways that settings open to strangers, before they are kept; a change that opens one needs a second yes. */
  weigh(settings: Settings): Promise<readonly Problem[]>
}

/** A greeting that is held back is waited for, and then so long. */
const PATIENCE_MS = 15_000

/** Create what audits the running server and drafts of its settings. */
export function createAuditor(parts: AuditorParts): Auditor {
  const { session, machineAddresses } = parts

  async function probe(settings: Settings, overNetwork: boolean): Promise<ProbeResult> {
    const options = await probeOptions(settings)
    let notAsked: string | undefined
    if (overNetwork) {
      const place = parts.listening().find(({ service, host }) => service === 'smtp' && !isLoopback(host))
      if (place !== undefined) {
        const result = await probeOverNetwork(place, options)
        if (result.from !== '') await parts.forgive(result.from)
        if (result.steps.length > 0) return result
        notAsked = result.notAsked
      } else {
        notAsked = 'SMTP listens where no other machine can come'
      }
    }
    // As strangers come, through the same code; what it asks is counted nowhere, and it is not kept waiting.
    const hurried = { ...settings, session: { ...settings.session, greetingDelay: 0, tarpit: 0 } }
    const receiver = createReceiver({
      ...session,
      settings: () => hurried,
      facts: parts.factsOver(settings),
      sentence: () => {},
    })
    try {
      const result = await probeInProcess(async (ip) => connectTo(receiver, ip), options)
      return notAsked === undefined ? result : { ...result, notAsked }
    } finally {
      await receiver.stop()
    }
  }

  async function probeOptions(settings: Settings): Promise<LiveProbeOptions> {
    const groups = compileGroups(settings.ipGroups, machineAddresses())
    const trusted = [
      settings.relay.ipGroup,
      settings.trust.ipGroup,
      settings.limits.exemptGroup,
      settings.services.smtp.ipGroup,
    ].filter((group) => group !== undefined)
    const [domain] = await parts.directory.domains()
    return {
      isTrusted: (ip) => trusted.some((group) => groups.has(group, ip)),
      hostname: session.hostname(),
      ...(domain === undefined ? {} : { localDomain: domain.name }),
      endsHere: async (address) => (await session.directory.resolve(address)).is === 'local',
      patienceMs: settings.session.greetingDelay + PATIENCE_MS,
    }
  }

  return {
    async audit(settings, options) {
      const findings = await auditSettings(settings, {
        directory: parts.directory,
        machineAddresses: machineAddresses(),
      })
      return options.probe === 'no'
        ? { findings }
        : { findings, probe: await probe(settings, options.probe === 'network') }
    },
    async weigh(settings) {
      // The one way that has its second yes in the settings themselves.
      const confirmed = settings.relay.mode === 'open' && settings.relay.openConfirmedFor !== undefined
      const found = findInSettings(settings, machineAddresses())
        .filter(({ is, where }) => is === 'open' && !(confirmed && where === 'relay.mode'))
        .map(({ where, says }) => ({ path: where, says }))
      // Where anyone may relay, or a way in is known, there is nothing to ask.
      if (settings.relay.mode === 'open' || found.length > 0) return found
      return (await probe(settings, false)).steps.filter(({ relayed }) => relayed).map(toProblem)
    },
  }
}

function toProblem({ said, answered }: ProbeStep): Problem {
  return { path: 'relay', says: `With these settings a stranger could relay: "${said}" was answered "${answered}".` }
}

/** Tell the log what an audit found: an alarm for each way in, and whether the probe came through. */
export function sayAudit({ findings, probe }: Audit, events: Pick<Events, 'relayIsOpen' | 'audited'>): void {
  for (const { is, where, says } of findings) if (is === 'open') events.relayIsOpen({ where, says })
  const relayed = probe?.steps.filter((step) => step.relayed) ?? []
  for (const { said, answered } of relayed) {
    events.relayIsOpen({ where: 'the running server', says: `a stranger asked "${said}" and was told "${answered}"` })
  }
  events.audited({
    findings: findings.filter(({ is }) => is !== 'note').length,
    asked: probe?.steps.length ?? 0,
    relayed: relayed.length,
  })
}

/** Give events that write nothing, for sessions that are our own. */
export function silentEvents(events: Events): Events {
  return Object.fromEntries(Object.keys(events).map((name) => [name, () => {}])) as unknown as Events
}

function connectTo(receiver: ReturnType<typeof createReceiver>, ip: string): Duplex {
  const [near, far] = duplexPair()
  receiver.receive(near, { ip, port: 0 }, { service: 'smtp', implicitTls: false })
  return far
}

function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.')
}
