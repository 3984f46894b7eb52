/** Holds what the documentation says of exemptions against what the rules do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Settings } from '#settings/schema.ts'
import type { FactTable } from './facts.ts'
import { facts, settings, subject } from './random-testing.ts'
import type { Exemption, Rule } from './rule.ts'
import { RULES, stagesOf } from './rules.ts'
import { isSmtp, type Subject } from './subject.ts'

type Holds = (subject: Subject, facts: FactTable, settings: Settings) => boolean

/** Tell who is meant by each exemption. */
const HOLDS: Readonly<Record<Exemption, Holds>> = {
  'members of limits.exemptGroup': (_subject, { exemptGroup }) => exemptGroup.member,
  // A login that failed takes the right of the address away.
  'members of the relay group': ({ loginFailed }, { relayGroup }, { relay }) =>
    relayGroup.member && (!loginFailed || relay.groupAfterFailedLogin),
  'members of the trust group': ({ loginFailed }, { trustGroup }, { relay }) =>
    trustGroup.member && (!loginFailed || relay.groupAfterFailedLogin),
  'users that logged in': ({ user }) => user !== undefined,
  'users that logged in before the block': ({ user, sender }) => user !== undefined && sender !== undefined,
  'the never-block list': (_subject, { block }) => block === undefined,
  'other services than SMTP (port 25)': ({ service }) => service !== 'smtp',
  'other services than the three of SMTP': ({ service }) => !isSmtp(service),
  'other services than submission': ({ service }) => service !== 'submission' && service !== 'submissions',
  'the null sender': ({ sender }) => sender === '',
  'senders of local domains': (_subject, { senderOwner }) => senderOwner.is === 'local',
  'recipients in local domains': (_subject, { destination }) => destination.is === 'local',
}

/** Those that any rule could make, whatever it guards: one that does not name it must judge them like others. */
const FOR_ANY: readonly Exemption[] = [
  'members of limits.exemptGroup',
  'members of the relay group',
  'members of the trust group',
  'users that logged in',
  'other services than SMTP (port 25)',
  'other services than the three of SMTP',
  'the null sender',
]

/** Tell whether those that a rule names include all of these. */
function namedWider(name: Exemption, named: readonly Exemption[]): boolean {
  if (name !== 'other services than the three of SMTP') return false
  return named.includes('other services than SMTP (port 25)') || named.includes('other services than submission')
}

/** Tell whether a rule holds anything against the client. */
function fires(rule: Rule, subject: Subject, facts: FactTable, settings: Settings): boolean {
  if (rule.applies?.(subject, settings) === false) return false
  const opinion = rule.spares?.decide(subject, facts, settings) ?? rule.decide(subject, facts, settings)
  return opinion.is === 'refuse' || opinion.evidence !== undefined || opinion.sentence !== undefined
}

test('a rule spares whom it says it spares, and of the others nobody', () => {
  const judged = new Map(RULES.map((rule) => [rule, new Set<Exemption>()]))
  fc.assert(
    fc.property(settings, facts, subject, (settings, facts, subject) => {
      const here = (Object.keys(HOLDS) as Exemption[]).filter((name) => HOLDS[name](subject, facts, settings))
      for (const [rule, seen] of judged) {
        if (!fires(rule, subject, facts, settings)) continue
        for (const name of here) {
          // Where no recipient is asked about, there is none that could be spared.
          if (name === 'recipients in local domains' && !stagesOf(rule).includes('recipient')) continue
          assert.ok(rule.exempts?.includes(name) !== true, `${rule.name} judges ${name}`)
          seen.add(name)
        }
      }
    }),
    { numRuns: 4000 },
  )
  for (const [rule, seen] of judged) {
    const named = rule.exempts ?? []
    const unnamed = FOR_ANY.filter((name) => !seen.has(name) && !named.includes(name) && !namedWider(name, named))
    assert.deepEqual(unnamed, [], `${rule.name} spares them and does not say so`)
  }
})
