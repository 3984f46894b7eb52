import type { Directory } from '#directory/contract.ts'
import type { Trouble } from '#queue/contract.ts'
import type { Settings } from '#settings/schema.ts'
import type { QueueEntry } from '#store/contract.ts'
import type { ServerAddress, TlsRequirement } from './contract.ts'
import { explainRoute, type RuleFinding } from './route.ts'
import { sourceAddressOf } from './source-address.ts'
import type { Way, Ways } from './ways.ts'

/** By which way mail would go, in words; what DNS gave is an attacker's text. */
export interface DescribedWay {
  readonly route: string
  /** The servers, best first. */
  readonly hosts: readonly string[]
  readonly tls: string
  readonly steps: readonly string[]
  readonly trouble?: string
}

export interface DescribeWayParts {
  readonly settings: () => Pick<Settings, 'delivery'>
  readonly directory: Pick<Directory, 'isLocalDomain'>
  readonly ways: Pick<Ways, 'find'>
  readonly requirementFor: (
    way: Way,
    server: ServerAddress,
    entry: Pick<QueueEntry, 'requireTls' | 'tlsOptional'>,
  ) => Promise<TlsRequirement | Trouble>
}

/** Whose mail to whom, and what was asked of it. */
export type Described = Pick<
  QueueEntry,
  'sender' | 'returnPath' | 'recipient' | 'domain' | 'requireTls' | 'tlsOptional'
>

/** What TLS has to be is told of so many servers; others are only named. */
const MOST_ASKED = 5

const MODES: Readonly<Record<TlsRequirement['mode'], string>> = {
  none: 'none',
  opportunistic: 'opportunistic: encrypted if the server offers it, whatever its certificate',
  required: 'required: never without encryption',
  verified: 'verified: never without encryption and the right certificate',
}

const DEMANDERS: Readonly<Record<TlsRequirement['by'], string>> = {
  settings: 'the settings',
  'mta-sts': 'MTA-STS',
  dane: 'DANE',
  requiretls: 'REQUIRETLS',
}

/** Create what tells by which way mail would go: rule by rule, then servers and TLS. It looks things up, and sends nothing. */
export function createWayTeller({ settings, directory, ways, requirementFor }: DescribeWayParts) {
  /** Describe the way of an entry, or of mail that is only supposed. Never rejects for what the world answers. */
  return async function describeWay(entry: Described): Promise<DescribedWay> {
    if (await directory.isLocalDomain(entry.domain)) {
      return { route: 'stays here: a local domain', hosts: [], tls: 'not needed', steps: [] }
    }
    const { delivery } = settings()
    const sender = entry.returnPath ?? entry.sender
    const { findings } = explainRoute(delivery.routes, { sender, recipient: entry.recipient })
    const steps = findings.map(formatFinding)
    const way = await ways.find(entry)
    if (way.is !== 'way') {
      const route = routeText(undefined, findings)
      return { route, hosts: [], tls: 'unknown', steps, trouble: `${way.because} [${way.status}]` }
    }
    const asked = await Promise.all(
      way.servers
        .slice(0, MOST_ASKED)
        .map(async (server) => ({ server, tls: await requirementFor(way, server, entry) })),
    )
    const source = sourceAddressOf(delivery, sender, way.servers[0]?.ip ?? '')
    const texts = new Set(asked.map(({ tls }) => tlsText(tls)))
    const [only] = texts
    return {
      route: `${routeText(way, findings)}${source === undefined ? '' : `, from ${source}`}`,
      hosts: way.servers.map(serverText),
      tls:
        texts.size === 1 && only !== undefined
          ? only
          : asked.map(({ server, tls }) => `${server.host}: ${tlsText(tls)}`).join('; '),
      steps,
    }
  }
}

function formatFinding({ rule, description, matched, because }: RuleFinding): string {
  const name = description === '' ? `rule ${rule}` : `rule ${rule} (${description})`
  return `${name} ${matched ? 'is taken' : 'is not'}: ${because}`
}

function routeText(way: Way | undefined, findings: readonly RuleFinding[]): string {
  const taken = findings.find(({ matched }) => matched)
  const by =
    taken === undefined
      ? 'no rule matches'
      : `rule ${taken.rule}${taken.description === '' ? '' : `, ${taken.description}`}`
  if (way === undefined) return `not known (${by})`
  const { route, implicitTls, credentials, loginBy } = way
  if (route.via === 'mx') return `by MX (${by})`
  const what = route.via === 'lmtp' ? 'LMTP server' : 'relay server'
  const login =
    credentials === undefined ? '' : `, logging in as ${credentials}${loginBy === 'pop3' ? ' by POP3 before' : ''}`
  return `${what} ${route.host}:${route.port}${implicitTls ? ' with TLS from the first byte' : ''}${login} (${by})`
}

function tlsText(requirement: TlsRequirement | Trouble): string {
  if ('is' in requirement) return `not to be used: ${requirement.because}`
  const { mode, by, testing } = requirement
  // RFC 8461 §5: a failure is counted and reported, and stops nothing.
  if (testing === true) return `${MODES.opportunistic}; ${DEMANDERS[by]} is only tested`
  return `${MODES[mode]}, by ${DEMANDERS[by]}`
}

function serverText({ host, ip, port }: ServerAddress): string {
  return `${host === ip ? host : `${host} [${ip}]`}${port === 25 ? '' : ` port ${port}`}`
}
