import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SCHEMA } from '#settings/schema.ts'
import { REPLIES } from '#smtp/replies.ts'
import type { FactReaders } from './facts.ts'
import { judge } from './judge.ts'
import { RULES } from './rules.ts'
import type { Stage, Subject } from './subject.ts'
import { defaults, readersOf, stranger } from './testing.ts'

type Row = readonly [
  name: string,
  stage: Stage,
  subject: Partial<Subject>,
  facts: Partial<FactReaders<Subject>>,
  settings: Parameters<typeof defaults>[0],
  verdict: string,
]

const elsewhere: Partial<FactReaders<Subject>> = { destination: () => ({ is: 'external', domain: 'far.example' }) }
const trusted: Partial<FactReaders<Subject>> = { relayGroup: () => ({ group: 'local-clients', member: true }) }
const MINUTE_MS = 60_000

const ROWS: readonly Row[] = [
  ['a stranger may write to a local user', 'recipient', {}, {}, {}, 'accept'],
  ['a stranger may not relay', 'recipient', {}, elsewhere, {}, 'relayDenied'],
  ['a trusted address may relay', 'recipient', {}, { ...elsewhere, ...trusted }, {}, 'accept'],
  [
    'a trusted address may not relay after a failed login',
    'recipient',
    { loginFailed: true },
    { ...elsewhere, ...trusted },
    {},
    'relayNeedsLogin',
  ],
  [
    'a trusted address may relay after a failed login where the administrator says so',
    'recipient',
    { loginFailed: true },
    { ...elsewhere, ...trusted },
    { relay: { groupAfterFailedLogin: true } },
    'accept',
  ],
  ['a user may relay', 'recipient', { user: 'u@here.example' }, elsewhere, {}, 'accept'],
  [
    'a user may not relay where logging in gives no right to',
    'recipient',
    { user: 'u@here.example' },
    elsewhere,
    { relay: { smtpAuth: false } },
    'relayDenied',
  ],
  [
    'a POP3 login opens the way',
    'recipient',
    {},
    { ...elsewhere, sincePopLoginMs: () => 10 * MINUTE_MS },
    { relay: { popBeforeSmtp: { enabled: true } } },
    'accept',
  ],
  [
    'a POP3 login that is too long ago does not',
    'recipient',
    {},
    { ...elsewhere, sincePopLoginMs: () => 10 * MINUTE_MS + 1 },
    { relay: { popBeforeSmtp: { enabled: true } } },
    'relayDenied',
  ],
  [
    'a POP3 login does not while the condition is off',
    'recipient',
    {},
    { ...elsewhere, sincePopLoginMs: () => 0 },
    {},
    'relayDenied',
  ],
  [
    'a POP3 login does not after a failed login',
    'recipient',
    { loginFailed: true },
    { ...elsewhere, sincePopLoginMs: () => 0 },
    { relay: { popBeforeSmtp: { enabled: true } } },
    'relayDenied',
  ],
  ['an open relay takes all', 'recipient', {}, elsewhere, { relay: { mode: 'open' } }, 'accept'],
  ['a recipient that nobody is', 'recipient', {}, { destination: () => ({ is: 'nobody' }) }, {}, 'unknownRecipient'],
  ['a disabled user', 'recipient', {}, { destination: () => ({ is: 'disabled' }) }, {}, 'recipientDisabled'],
  ['an address in a circle', 'recipient', {}, { destination: () => ({ is: 'loop', by: 'a@b' }) }, {}, 'recipientLoop'],
  ['a full mailbox', 'recipient', {}, { destination: () => ({ is: 'local', full: true }) }, {}, 'mailboxFull'],
  [
    'a recipient that cannot be looked up',
    'recipient',
    {},
    { destination: () => ({ is: 'unknown', because: 'x' }) },
    {},
    'recipientUnavailable',
  ],
  ['the 100th recipient', 'recipient', { recipientCount: 99 }, {}, {}, 'accept'],
  ['the 101st recipient', 'recipient', { recipientCount: 100 }, {}, {}, 'tooManyRecipients'],
  [
    'any number where there is no limit',
    'recipient',
    { recipientCount: 10 ** 6 },
    {},
    { session: { maxRecipients: 'unlimited' } },
    'accept',
  ],
  [
    'a user kept to local domains',
    'recipient',
    { user: 'u@here.example' },
    { ...elsewhere, userLocalOnly: () => true },
    {},
    'recipientLocalOnly',
  ],
  [
    'a user kept to local domains, at home',
    'recipient',
    { user: 'u@here.example' },
    { userLocalOnly: () => true },
    {},
    'accept',
  ],
  ['a declared size at the limit', 'sender', { declaredBytes: 25 * 1024 ** 2 }, {}, {}, 'accept'],
  ['a declared size over the limit', 'sender', { declaredBytes: 25 * 1024 ** 2 + 1 }, {}, {}, 'messageTooBig'],
  ['a message over the limit', 'message', { messageBytes: 25 * 1024 ** 2 + 1 }, {}, {}, 'messageTooBig'],
  [
    'a message over the limit, deferred',
    'message',
    { messageBytes: 25 * 1024 ** 2 + 1 },
    {},
    { rules: { messageSize: { action: 'defer' } } },
    'messageTooBigDeferred',
  ],
  [
    'a message of any size where there is no limit',
    'message',
    { messageBytes: 10 ** 10 },
    {},
    { session: { maxMessageSize: 'unlimited' } },
    'accept',
  ],
  ['100 hops', 'message', { hops: 100 }, {}, {}, 'accept'],
  ['101 hops', 'message', { hops: 101 }, {}, {}, 'tooManyHops'],
  ['10 failed commands', 'command', { failedCommands: 10 }, {}, {}, 'accept'],
  ['11 failed commands', 'command', { failedCommands: 11 }, {}, {}, 'tooManyErrors'],
  ['submission by a stranger', 'sender', { service: 'submission' }, {}, {}, 'loginRequired'],
  ['submission by a user', 'sender', { service: 'submission', user: 'u@here.example' }, {}, {}, 'accept'],
  ['submission by a trusted address', 'sender', { service: 'submissions' }, trusted, {}, 'accept'],
  [
    'submission by a trusted address after a failed login',
    'sender',
    { service: 'submissions', loginFailed: true },
    trusted,
    {},
    'loginRequired',
  ],
  [
    'a service for a group, to a member',
    'connect',
    {},
    { serviceGroup: () => ({ group: 'g', member: true }) },
    {},
    'accept',
  ],
  [
    'a service for a group, to another',
    'connect',
    {},
    { serviceGroup: () => ({ group: 'g', member: false }) },
    {},
    'serviceNotForYou',
  ],
  ['the last connection there is room for', 'connect', {}, { serviceConnections: () => 1000 }, {}, 'accept'],
  ['one connection more', 'connect', {}, { serviceConnections: () => 1001 }, {}, 'tooManyConnections'],
]

describe('the rules', () => {
  for (const [name, stage, subject, facts, settings, wanted] of ROWS) {
    test(name, async () => {
      const { verdict, findings } = await judge(
        stage,
        stranger({ recipient: 'x', ...subject }),
        readersOf(facts),
        defaults(settings),
      )
      assert.equal(verdict.is === 'accept' ? 'accept' : verdict.reply, wanted)
      assert.notEqual(findings.length, 0)
    })
  }
})

test('each rule names settings that exist, has its own name, and says what it guards against', () => {
  const names = new Set<string>()
  for (const rule of RULES) {
    assert.match(rule.name, /^[a-z]+(-[a-z]+)*$/)
    assert.ok(!names.has(rule.name), rule.name)
    names.add(rule.name)
    assert.ok(rule.about.endsWith('.'), rule.name)
    for (const path of rule.reads) {
      let node: unknown = SCHEMA
      for (const part of path.replace('NAME', 'smtp').split('.')) {
        assert.ok(typeof node === 'object' && node !== null && Object.hasOwn(node, part), `${rule.name} reads ${path}`)
        node = (node as Record<string, unknown>)[part]
      }
    }
    if (rule.action !== undefined) assert.ok(Object.hasOwn(REPLIES, rule.action.deferred))
  }
})
