import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseRoute, explainRoute, type RouteRule } from './route.ts'

const RULE: RouteRule = {
  description: '',
  enabled: true,
  sender: undefined,
  notSender: undefined,
  recipient: undefined,
  notRecipient: undefined,
  via: 'relay',
  host: 'relay.example',
  port: undefined,
  tls: undefined,
  implicitTls: false,
  credentials: undefined,
  loginBy: 'smtp',
  popHost: undefined,
  popPort: 110,
}

/** Number of the rule that is taken for mail from one to the other; 0 for none. */
function taken(rules: readonly Partial<RouteRule>[], sender: string, recipient: string): number {
  const route = chooseRoute(
    rules.map((rule) => ({ ...RULE, ...rule })),
    { sender, recipient },
  )
  return 'rule' in route ? (route.rule ?? 0) : 0
}

const ROWS: readonly (readonly [string, readonly Partial<RouteRule>[], string, string, number])[] = [
  ['no rules', [], 'a@x.example', 'b@y.example', 0],
  ['a rule without patterns is for all', [{}], 'a@x.example', 'b@y.example', 1],
  ['and for the null sender', [{}], '', 'b@y.example', 1],
  [
    'the first that matches',
    [{ recipient: '*@z.example' }, { recipient: '*@y.example' }, {}],
    'a@x.example',
    'b@y.example',
    2,
  ],
  ['one that is not enabled is passed over', [{ enabled: false }, {}], 'a@x.example', 'b@y.example', 2],
  ['all patterns must match', [{ sender: '*@x.example', recipient: '*@z.example' }], 'a@x.example', 'b@y.example', 0],
  ['letter case does not count', [{ sender: 'A@X.Example', recipient: '*@Y.*' }], 'a@x.EXAMPLE', 'B@y.example', 1],
  ['notSender', [{ notSender: '*@x.example' }, {}], 'a@x.example', 'b@y.example', 2],
  ['notRecipient that does not match', [{ notRecipient: '*@z.example' }], 'a@x.example', 'b@y.example', 1],
  ['<> is the null sender', [{ sender: '<>' }, {}], '', 'b@y.example', 1],
  ['<> is nobody else', [{ sender: '<>' }, {}], 'a@x.example', 'b@y.example', 2],
  ['a pattern with @ is not the null sender', [{ sender: '*@*' }, {}], '', 'b@y.example', 2],
  ['* is everybody', [{ sender: '*' }, {}], '', 'b@y.example', 1],
  ['not the null sender', [{ notSender: '<>' }, {}], '', 'b@y.example', 2],
  [
    'U-labels and A-labels are one domain',
    [{ recipient: '*@xn--mnchen-3ya.example' }],
    'a@x.example',
    'b@MÜNCHEN.example',
    1,
  ],
  ['also in the rule', [{ recipient: 'b@münchen.example' }], 'a@x.example', 'b@xn--mnchen-3ya.example', 1],
]

for (const [what, rules, sender, recipient, wanted] of ROWS) {
  test(what, () => assert.equal(taken(rules, sender, recipient), wanted))
}

const PORTS: readonly (readonly [Partial<RouteRule>, number])[] = [
  [{}, 25],
  [{ implicitTls: true }, 465],
  [{ via: 'lmtp' }, 24],
  [{ port: 2525, implicitTls: true }, 2525],
]

for (const [rule, port] of PORTS) {
  test(`the port of ${JSON.stringify(rule)} is ${port}`, () => {
    const route = chooseRoute([{ ...RULE, ...rule }], { sender: '', recipient: 'b@y.example' })
    assert.equal((route as { port: number }).port, port)
  })
}

test('a rule gives what it says of TLS and of logging in', () => {
  const rule = { ...RULE, tls: 'required', credentials: 'isp', loginBy: 'pop3', popPort: 995 } as const
  assert.deepEqual(chooseRoute([rule], { sender: 'a@x.example', recipient: 'b@y.example' }), {
    via: 'relay',
    rule: 1,
    host: 'relay.example',
    port: 25,
    tls: 'required',
    implicitTls: false,
    login: { credentials: 'isp', by: 'pop3', popHost: 'relay.example', popPort: 995 },
  })
})

test('a rule may lead some mail by MX, before one that leads the rest to a relay server', () => {
  const rules: readonly RouteRule[] = [
    { ...RULE, recipient: '*@y.example', via: 'mx', host: undefined, tls: 'verified' },
    RULE,
  ]
  assert.deepEqual(chooseRoute(rules, { sender: '', recipient: 'b@y.example' }), {
    via: 'mx',
    rule: 1,
    tls: 'verified',
  })
})

test('a relay rule without a host holds mail back, and does not let it go another way', () => {
  const route = chooseRoute([{ ...RULE, host: undefined }], { sender: '', recipient: 'b@y.example' })
  assert.deepEqual('is' in route && [route.is, route.status, route.because], [
    'deferred',
    '4.3.5',
    'Rule 1 of delivery.routes names no host; give it one',
  ])
})

test('each rule up to the one that is taken says why', () => {
  const rules: readonly RouteRule[] = [
    { ...RULE, enabled: false },
    { ...RULE, sender: '*@z.example' },
    { ...RULE, notRecipient: '*@y.example' },
    { ...RULE, recipient: '*@y.example', notSender: '<>' },
    RULE,
  ]
  const { route, findings } = explainRoute(rules, { sender: 'a@x.example', recipient: 'b@y.example' })
  assert.equal('rule' in route && route.rule, 4)
  assert.deepEqual(
    findings.map(({ rule, matched, because }) => `${rule} ${matched} ${because}`),
    [
      '1 false it is not enabled',
      '2 false the sender does not match *@z.example',
      '3 false the recipient matches *@y.example, which the rule leaves out',
      '4 true the sender does not match <> and the recipient matches *@y.example',
    ],
  )
})
