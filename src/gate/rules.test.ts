import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { placeOf } from '#settings/declarations.ts'
import { isDeferral, isFailure, REPLIES } from '#smtp/replies.ts'
import { EVIDENCE } from './evidence.ts'
import type { FactName } from './facts.ts'
import { RULES, rulesOf, stagesOf } from './rules.ts'
import { STAGES } from './subject.ts'
import { defaults } from './testing.ts'

/** Settings that stand behind a fact, where a rule does not read them itself. */
const BEHIND: Partial<Record<FactName, string>> = {
  serviceGroup: 'services.NAME.ipGroup',
  relayGroup: 'relay.ipGroup',
  trustGroup: 'trust.ipGroup',
  exemptGroup: 'limits.exemptGroup',
  block: 'limits.neverBlock',
}

test('each rule names settings that exist, has its own name at its stage, and says what it guards against', () => {
  for (const stage of STAGES) {
    const names = rulesOf(stage).map(({ name }) => name)
    assert.deepEqual(names, [...new Set(names)], stage)
  }
  for (const { name, about, reads } of RULES) {
    assert.match(name, /^[a-z]+(-[a-z]+)*$/)
    assert.ok(about.endsWith('.'), name)
    for (const path of reads)
      assert.equal(placeOf(path.replace('NAME', 'smtp'))?.is, 'setting', `${name} reads ${path}`)
  }
})

test('rules that share a name look at one limit: they read the same settings and exempt the same clients', () => {
  for (const rule of RULES) {
    const twin = RULES.find(({ name }) => name === rule.name)
    assert.deepEqual(
      [rule.about, rule.reads, rule.exempts, rule.action?.setting],
      [twin?.about, twin?.reads, twin?.exempts, twin?.action?.setting],
      rule.name,
    )
  }
})

test('each rule names the settings behind the facts it needs', () => {
  for (const { name, reads, needs, spares } of RULES) {
    for (const fact of [...needs, ...(spares?.needs ?? [])]) {
      const path = BEHIND[fact]
      if (path !== undefined) assert.ok(reads.includes(path), `${name} needs ${fact}, and does not name ${path}`)
    }
  }
})

test('what is refused for good is told so, and what is deferred is told to come back', () => {
  for (const { name, action } of RULES) {
    if (action === undefined) continue
    assert.equal(placeOf(action.setting)?.is, 'setting', name)
    assert.notEqual(action.of(defaults()), undefined, name)
    if (action.refused !== undefined) assert.ok(isFailure(action.refused), name)
    if (action.deferred !== undefined) assert.ok(isDeferral(action.deferred), name)
  }
  assert.ok(isDeferral('addressBlocked') && isFailure('addressRefused'))
  assert.equal(REPLIES.addressRefused.closes, true)
})

test('every action that can be set belongs to a rule or to evidence, and each of those has one', () => {
  const settable = Object.keys(defaults().rules).map((name) => `rules.${name}.action`)
  const used = [
    ...RULES.flatMap(({ action }) => (action === undefined ? [] : [action.setting])),
    ...Object.values(EVIDENCE).map(({ actionSetting }) => actionSetting),
  ]
  assert.deepEqual([...new Set(used)].sort(), settable.sort())
})

test('these rules alone have no action; each says why in its comment', () => {
  const without = new Set(RULES.flatMap(({ name, action }) => (action === undefined ? [name] : [])))
  assert.deepEqual([...without].sort(), [
    'account-frozen',
    'blocked',
    'mailbox',
    'recipient-probes',
    'relay',
    'service-access',
    'service-connections',
    'sign-in',
    'submission-login',
    'user-scope',
  ])
})

test('each rule stands in a file, and is judged at a stage', () => {
  const files = readdirSync(new URL('rules/', import.meta.url)).filter((name) => !name.endsWith('.test.ts'))
  for (const rule of RULES) {
    const name = rule.name === 'declared-size' ? 'message-size' : rule.name
    assert.ok(files.includes(`${name}.ts`), rule.name)
    for (const stage of stagesOf(rule)) assert.ok(rulesOf(stage).includes(rule))
  }
  assert.deepEqual(
    files.filter((file) => !RULES.some(({ name }) => file === `${name}.ts`)),
    [],
  )
})

test('evidence names settings that exist, and holds even with every default off', () => {
  for (const row of Object.values(EVIDENCE)) {
    for (const path of [row.setting, row.actionSetting]) assert.equal(placeOf(path)?.is, 'setting', path)
    assert.equal(row.limit(defaults()) === 'unlimited', false, row.reason)
    assert.ok(row.withinMs(defaults()) > 0 && row.blockForMs(defaults()) > 0, row.reason)
  }
  const reasons = Object.values(EVIDENCE).map(({ reason }) => reason)
  assert.deepEqual(reasons, [...new Set(reasons)])
})
