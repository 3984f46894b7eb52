import { normalizeIp } from '#base/network-set.ts'
import { EVIDENCE } from '#gate/evidence.ts'
import type { Exemption } from '#gate/rule.ts'
import { RULES } from '#gate/rules.ts'
import type { Settings } from '#settings/schema.ts'
import type { Trust, TrustRole } from '../api.ts'
import { Problem } from '../problem.ts'
import { object, type Route, textUpTo } from '../route.ts'

/** Entries of a group that are shown; the rest is counted. */
const MOST_ENTRIES = 50

export const TRUST_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/trust',
    async run(_asked, { settings, blocks, administratorAddress }): Promise<Trust> {
      return {
        roles: rolesOf(settings.current().settings, administratorAddress()),
        suspended: blocks
          .suspensions()
          .map(({ sinceMs, ...suspension }) => ({ ...suspension, since: new Date(sinceMs).toISOString() })),
      }
    },
  },
  {
    method: 'POST',
    path: '/api/trust/restore',
    body: object({ ip: textUpTo(64) }, ['ip']),
    async run({ body, author }, { blocks }): Promise<unknown> {
      const { ip: text } = body as { ip: string }
      const ip = normalizeIp(text)
      if (ip === undefined) throw new Problem(400, `Cannot read ${JSON.stringify(text)}: expected an IP address`)
      if (!(await blocks.restoreTrust(ip, author))) {
        throw new Problem(404, `The trust of ${ip} is not suspended`, 'See: postern trust list')
      }
      return { restored: ip }
    },
  },
]

/** List who is trusted, by the setting that makes it so, and with what. */
function rolesOf(settings: Settings, administrator: string | undefined): readonly TrustRole[] {
  const { relay, trust, limits } = settings
  const neverBlocked = [
    ...(administrator === undefined ? [] : [`${administrator} (the administrator's last address)`]),
    ...limits.neverBlock,
  ]
  const relaySetting = relay.mode === 'open' ? 'relay.mode (open: everyone)' : 'relay.ipGroup'
  return [
    role(settings, relaySetting, relay.ipGroup, 'may send to any domain', ['members of the relay group']),
    trust.ipGroup === undefined
      ? role(settings, 'relay.ipGroup (trust.ipGroup is not set)', relay.ipGroup, 'mail is not checked for spam', [
          'members of the trust group',
        ])
      : role(settings, 'trust.ipGroup', trust.ipGroup, 'mail is not checked for spam', ['members of the trust group']),
    role(settings, 'limits.exemptGroup', limits.exemptGroup, 'held to no limit by address', [
      'members of limits.exemptGroup',
    ]),
    {
      setting: 'limits.neverBlock',
      gives: 'never blocked, whatever they do',
      entries: neverBlocked.slice(0, MOST_ENTRIES),
      count: neverBlocked.length,
      exemptFrom: exemptionsOf(['the never-block list']),
    },
  ]
}

function role(
  { ipGroups }: Settings,
  setting: string,
  group: string | undefined,
  gives: string,
  exemptions: readonly Exemption[],
): TrustRole {
  const members = group === undefined ? [] : (ipGroups[group] ?? []).filter(({ enabled }) => enabled)
  return {
    setting,
    ...(group === undefined ? {} : { group }),
    gives,
    entries: members.slice(0, MOST_ENTRIES).map(({ address }) => address),
    count: members.length,
    exemptFrom: exemptionsOf(exemptions),
  }
}

/** List the rules, and the evidence, that do not count against whoever has one of these exemptions. */
function exemptionsOf(exemptions: readonly Exemption[]): TrustRole['exemptFrom'] {
  const rules = RULES.filter(({ exempts }) => exempts?.some((exemption) => exemptions.includes(exemption)))
  const evidence = exemptions.includes('members of limits.exemptGroup')
    ? Object.values(EVIDENCE).filter(({ heedsNoGroup }) => heedsNoGroup !== true)
    : []
  const found = [
    ...rules.map(({ name, about }) => ({ rule: name, about })),
    ...evidence.map(({ reason, about }) => ({ rule: reason, about })),
  ]
  // A rule and the evidence it gathers bear one name.
  return [...new Map(found.map((one) => [one.rule, one])).values()]
}
