/** What holds for the gate whatever the facts and the settings are. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DECLARATIONS } from '#settings/declarations.ts'
import type { Settings } from '#settings/schema.ts'
import { isDeferral, isFailure } from '#smtp/replies.ts'
import { EVIDENCE } from './evidence.ts'
import type { FactTable } from './facts.ts'
import { judge } from './judge.ts'
import { facts, readersFrom, settings, subject, unknown } from './random-testing.ts'
import { RULES } from './rules.ts'
import { STAGES } from './subject.ts'
import { USER } from './table-testing.ts'
import { readersOf } from './testing.ts'

const stage = fc.constantFrom(...STAGES)

test('nobody relays but by a condition that is met, whatever else the facts and the settings are', async () => {
  let relayed = 0
  let denied = 0
  await fc.assert(
    fc.asyncProperty(settings, facts, subject, async (settings, facts, subject) => {
      const elsewhere = { ...facts, destination: { is: 'external', domain: 'far.example' } as const }
      const { verdict } = await judge('recipient', subject, readersFrom(elsewhere), settings)
      const { mode, smtpAuth, groupAfterFailedLogin, popBeforeSmtp } = settings.relay
      const since = facts.sincePopLoginMs
      const allowed =
        mode === 'open' ||
        (smtpAuth && subject.user !== undefined) ||
        (facts.relayGroup.member && (!subject.loginFailed || groupAfterFailedLogin)) ||
        (popBeforeSmtp.enabled &&
          since !== undefined &&
          since <= popBeforeSmtp.minutes * 60_000 &&
          !subject.loginFailed)
      if (!allowed) assert.ok(verdict.is === 'refuse' || verdict.is === 'defer')
      if (verdict.is === 'accept') relayed += 1
      else denied += 1
    }),
    { numRuns: 1000 },
  )
  assert.ok(relayed > 50 && denied > 50, `${relayed} relayed and ${denied} denied prove little`)
})

test('a judgement never throws, is explained, and its reply is of the kind it says', async () => {
  await fc.assert(
    fc.asyncProperty(
      stage,
      settings,
      facts,
      subject,
      fc.uniqueArray(fc.constantFrom(...Object.keys(readersOf({}))), { maxLength: 3 }),
      fc.boolean(),
      async (stage, settings, facts, subject, broken, late) => {
        const readers = readersFrom(facts, new Set(broken), late)
        const { verdict, findings, sentences } = await judge(stage, subject, readers, settings)
        if (verdict.is === 'refuse') assert.ok(isFailure(verdict.reply))
        if (verdict.is === 'defer') assert.ok(isDeferral(verdict.reply))
        if (verdict.is === 'discard') assert.deepEqual([verdict.rule, stage], ['messages-per-hour', 'message'])
        const against = findings.filter(({ is }) => is === 'refuse' || is === 'defer')
        assert.equal(against.length > 0, verdict.is !== 'accept')
        if (verdict.is !== 'accept') {
          assert.ok(against.some(({ rule, saw }) => rule === verdict.rule && saw === verdict.because))
        }
        for (const { saw, setting } of findings) {
          assert.ok(saw !== '' && !/undefined|NaN|\[object/.test(saw), saw)
          if (setting !== undefined) assert.ok(DECLARATIONS.has(setting), setting)
        }
        assert.ok(sentences.filter(({ is }) => is === 'block').length <= 1)
        // Every block has a reply that tells of it, and no freeze goes unsaid.
        const told = 'reply' in verdict ? verdict.reply : ''
        for (const sentence of sentences) {
          if (sentence.is === 'block') assert.match(told, /^address(Blocked|Refused)$/)
          if (sentence.is === 'freeze') assert.match(told, /^account/)
        }
      },
    ),
    { numRuns: 2000 },
  )
})

test('a rule that only observes decides nothing, and carries nothing out', async () => {
  const observing = settings.map((settings) => ({
    ...settings,
    rules: Object.fromEntries(
      Object.keys(settings.rules).map((name) => [name, { action: 'observe' }]),
    ) as unknown as Settings['rules'],
  }))
  const decides = new Set(RULES.flatMap(({ name, action }) => (action === undefined ? [name] : [])))
  await fc.assert(
    fc.asyncProperty(stage, observing, facts, subject, async (stage, settings, facts, subject) => {
      const { verdict, sentences } = await judge(stage, subject, readersFrom(facts), settings)
      if (verdict.is !== 'accept') assert.ok(decides.has(verdict.rule), verdict.rule)
      assert.deepEqual(sentences, [])
    }),
    { numRuns: 1000 },
  )
})

test('what could not be found out is never refused for good, and freezes nobody', async () => {
  await fc.assert(
    fc.asyncProperty(settings, facts, subject, async (settings, facts, subject) => {
      const lost = {
        ...facts,
        reverseName: unknown,
        senderDomain: unknown,
        senderOwner: unknown,
        destination: unknown,
      }
      for (const stage of ['connect', 'sender', 'recipient'] as const) {
        const { verdict } = await judge(stage, subject, readersFrom(lost), settings)
        if ('because' in verdict && /no answer/.test(verdict.because)) assert.equal(verdict.is, 'defer')
      }
    }),
    { numRuns: 500 },
  )
})

test('who is exempt, or logged in, is blocked for nothing but failed logins', async () => {
  await fc.assert(
    fc.asyncProperty(stage, settings, facts, subject, fc.boolean(), async (stage, settings, facts, subject, by) => {
      const exempt = by ? { ...facts, exemptGroup: { group: 'office', member: true } } : facts
      const spared = by ? subject : { ...subject, user: USER }
      const { sentences } = await judge(stage, spared, readersFrom(exempt), settings)
      for (const sentence of sentences) {
        if (sentence.is === 'block') assert.equal(sentence.reason, EVIDENCE.failedLogin.reason)
      }
    }),
    { numRuns: 1000 },
  )
})

test('a recipient is judged alike for one who is blocked, whether it exists or not', async () => {
  await fc.assert(
    fc.asyncProperty(settings, facts, subject, facts, async (settings, facts, subject, others) => {
      fc.pre(subject.user === undefined)
      const block = { network: '198.51.100.7', reason: 'unknown-recipients', evidence: '11' }
      const ask = (destination: FactTable['destination']) =>
        judge('recipient', subject, readersFrom({ ...facts, block, destination }), settings)
      assert.deepEqual(await ask(facts.destination), await ask(others.destination))
    }),
    { numRuns: 200 },
  )
})

/** Note which settings are read, as paths, `services.smtp` and the like as `services.NAME`. */
function noting<T extends object>(value: T, seen: Set<string>, path = ''): T {
  // Settings are frozen, and a proxy of such must give back what it holds: this one stands before nothing.
  return new Proxy({} as T, {
    get(_nothing, name: string) {
      const inner: unknown = Reflect.get(value, name)
      const at = path === '' ? name : `${path}.${name}`
      if (typeof inner === 'object' && inner !== null && !Array.isArray(inner)) return noting(inner, seen, at)
      seen.add(at.replace(/^services\.\w+\./, 'services.NAME.'))
      return inner
    },
  })
}

test('a rule reads no setting and no fact, and gives no reply, but those it names', () => {
  fc.assert(
    fc.property(settings, facts, subject, (settings, facts, subject) => {
      for (const { name, reads, needs, replies, spares, applies, action, decide } of RULES) {
        const settingsSeen = new Set<string>()
        const watched = noting(settings, settingsSeen)
        const ask = (named: readonly string[], judge: typeof decide | NonNullable<typeof spares>['decide']) => {
          const seen = new Set<string>()
          const noted = new Proxy(facts, { get: (all, fact: keyof FactTable) => seen.add(fact) && all[fact] })
          const opinion = judge(subject, noted, watched)
          if (opinion?.is === 'refuse') assert.ok(replies.includes(opinion.reply), `${name}: ${opinion.reply}`)
          assert.deepEqual(
            [...seen].filter((fact) => !named.includes(fact)),
            [],
            name,
          )
        }
        if (applies?.(subject, watched) === false) continue
        if (spares !== undefined) ask(spares.needs, spares.decide)
        ask(needs, decide)
        action?.of(watched)
        assert.deepEqual(
          [...settingsSeen].filter((path) => !reads.includes(path)),
          [],
          name,
        )
        if (action !== undefined) assert.ok(reads.includes(action.setting), name)
      }
    }),
    { numRuns: 500 },
  )
})

test('each setting, fact and reply that a rule names is one it reads or gives, or stands behind a fact it needs', () => {
  const settingsSeen = new Map<string, Set<string>>()
  const factsSeen = new Map<string, Set<string>>()
  const given = new Set<string>()
  fc.assert(
    fc.property(settings, facts, subject, (settings, facts, subject) => {
      for (const rule of RULES) {
        const seen = settingsSeen.get(rule.name) ?? new Set()
        const asked = factsSeen.get(rule.name) ?? new Set()
        settingsSeen.set(rule.name, seen)
        factsSeen.set(rule.name, asked)
        const watched = noting(settings, seen)
        const watching = new Proxy(facts, { get: (all, fact: keyof FactTable) => asked.add(fact) && all[fact] })
        rule.action?.of(watched)
        if (rule.applies?.(subject, watched) === false) continue
        const opinion = rule.spares?.decide(subject, watching, watched) ?? rule.decide(subject, watching, watched)
        if (opinion.is === 'refuse') given.add(`${rule.name} ${opinion.reply}`)
      }
    }),
    // Many, since the rarest of them is reached in one of 300.
    { numRuns: 6000 },
  )
  const behind = /^(relay|trust|services\.NAME)\.ipGroup$|^limits\.(exemptGroup|neverBlock)$|^session\.greetingDelay$/
  for (const { name, reads, needs, replies, spares } of RULES) {
    for (const reply of replies) assert.ok(given.has(`${name} ${reply}`), `${name}: ${reply}`)
    const unread = reads.filter((path) => !settingsSeen.get(name)?.has(path) && !behind.test(path))
    assert.deepEqual(unread, [], name)
    const idle = [...needs, ...(spares?.needs ?? [])].filter((fact) => !factsSeen.get(name)?.has(fact))
    assert.deepEqual(idle, [], name)
  }
})
