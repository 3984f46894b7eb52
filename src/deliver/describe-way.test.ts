import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Trouble } from '#queue/contract.ts'
import { settingsOf } from '#settings/testing.ts'
import type { TlsRequirement } from './contract.ts'
import { createWayTeller, type DescribedWay } from './describe-way.ts'
import type { Way } from './ways.ts'

const SERVERS = [
  { host: 'mx1.far.example', ip: '192.0.2.1', port: 25 },
  { host: 'mx2.far.example', ip: '2001:db8::2', port: 25 },
]
const BY_MX: Way = {
  is: 'way',
  site: 'mx:far.example',
  key: 'mx far.example',
  domain: 'far.example',
  route: { via: 'mx' },
  protocol: 'smtp',
  servers: SERVERS,
  hosts: [],
  secureMx: false,
  implicitTls: false,
  loginBy: 'smtp',
}
const BY_RELAY: Way = {
  ...BY_MX,
  route: { via: 'relay', rule: 2, host: 'smtp.provider.example', port: 465, implicitTls: true },
  servers: [{ host: 'smtp.provider.example', ip: '192.0.2.9', port: 465 }],
  implicitTls: true,
  credentials: 'provider',
  loginBy: 'pop3',
}
const PASSED_OVER: Trouble = {
  is: 'deferred',
  status: '4.7.0',
  because: 'the policy does not name it',
  stage: 'starttls',
  scope: 'server',
}
const ROUTES = `routes:
    - { sender: "news@*", host: bulk.example }
    - { description: all else, host: smtp.provider.example, port: 465 }`

function tell(given: {
  readonly way?: Way | Trouble
  readonly delivery?: string
  readonly tls?: (host: string) => TlsRequirement | Trouble
  readonly recipient?: string
}): Promise<DescribedWay> {
  const { way = BY_MX, delivery = 'port: 25', recipient = 'ben@far.example' } = given
  const usual: TlsRequirement = { mode: 'opportunistic', by: 'settings', names: [] }
  const settings = settingsOf(`delivery:\n    ${delivery}\n`)
  return createWayTeller({
    settings: () => settings,
    directory: { isLocalDomain: (domain) => domain === 'here.example' },
    ways: { find: async () => way },
    requirementFor: async (_way, { host }) => given.tls?.(host) ?? usual,
  })({ sender: 'anna@here.example', recipient, domain: recipient.slice(recipient.indexOf('@') + 1) })
}

test('the way is told with its rule, its servers and its TLS', async () => {
  assert.deepEqual(await tell({}), {
    route: 'by MX (no rule matches)',
    hosts: ['mx1.far.example [192.0.2.1]', 'mx2.far.example [2001:db8::2]'],
    tls: 'opportunistic: encrypted if the server offers it, whatever its certificate, by the settings',
    steps: [],
  })
  const told = await tell({ way: BY_RELAY, delivery: ROUTES })
  assert.equal(
    told.route,
    'relay server smtp.provider.example:465 with TLS from the first byte, logging in as provider by POP3 before (rule 2, all else)',
  )
  assert.deepEqual(told.hosts, ['smtp.provider.example [192.0.2.9] port 465'])
  assert.deepEqual(told.steps, [
    'rule 1 is not: the sender does not match news@*',
    'rule 2 (all else) is taken: it holds for all mail',
  ])
})

test('what TLS has to be is told of each server where they differ', async () => {
  const verified: TlsRequirement = { mode: 'verified', by: 'mta-sts', names: [], testing: true }
  const { tls } = await tell({ tls: (host) => (host === 'mx1.far.example' ? verified : PASSED_OVER) })
  assert.equal(
    tls,
    'mx1.far.example: opportunistic: encrypted if the server offers it, whatever its certificate; MTA-STS is only tested; mx2.far.example: not to be used: the policy does not name it',
  )
})

test('a local domain stays here, trouble is told, and the address that mail leaves from', async () => {
  assert.equal((await tell({ recipient: 'ben@here.example' })).route, 'stays here: a local domain')
  const { route, trouble } = await tell({ way: { ...PASSED_OVER, because: 'DNS does not answer' } })
  assert.deepEqual([route, trouble], ['not known (no rule matches)', 'DNS does not answer [4.7.0]'])
  const from = await tell({ delivery: 'sourceAddress: 192.0.2.77' })
  assert.equal(from.route, 'by MX (no rule matches), from 192.0.2.77')
})
