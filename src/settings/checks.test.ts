import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkSettings } from './checks.ts'
import { buildSettings } from './snapshot.ts'
import { anyChanges, settingsOf } from './testing.ts'

const INSIDE =
  'services: { smtp: { listen: ["127.0.0.1:2525", "[::1]:2525"] }, submission: { listen: ["10.1.2.3"] }, submissions: { listen: [] } }'

const SOUND: readonly [string, string][] = [
  ['the defaults', ''],
  ['a relay group of half a family less one', 'ipGroups: { local-clients: ["1.0.0.0-100.0.0.0"] }'],
  ['a group for a service', 'ipGroups: { a: [::1] }\nservices: { pop3: { ipGroup: a } }'],
  ['a service for all the Internet by group', 'ipGroups: { all: ["0.0.0.0/0"] }\nservices: { pop3: { ipGroup: all } }'],
  ['an empty group that nobody uses', 'ipGroups: { a: [] }'],
  ['this machine as the relay group', 'ipGroups: { local-clients: [this-machine] }'],
  ['a group that only names groups', 'ipGroups: { local-clients: [group:a], a: [::1] }'],
  ['proxies', 'services: { smtp: { proxyFrom: ["10.0.0.1", group:local-clients] } }'],
  ['a certificate with its key', 'tls: { certificateFile: /a, keyFile: /b }'],
  ['open relay inside', `relay: { mode: open }\n${INSIDE}`],
  [
    'open relay to the world, confirmed by name',
    'server: { hostname: Mail.example.com }\nrelay: { mode: open, openConfirmedFor: mail.Example.com }',
  ],
  [
    'open relay inside, with a proxy before POP3 alone',
    `relay: { mode: open }\n${INSIDE.replace('submissions:', 'pop3: { proxyFrom: ["127.0.0.1"] }, submissions:')}`,
  ],
  ['a confirmation that nothing needs', 'relay: { openConfirmedFor: mail.example.com }'],
  [
    'limits that meet',
    'limits: { blockFor: 1d, longestBlock: 1d, account: { messagesPerHour: 9, messagesPerDay: 9 } }',
  ],
  [
    'an hour without a limit in a day with one',
    'limits: { account: { messagesPerHour: unlimited, messagesPerDay: 9 } }',
  ],
  ['nobody never blocked', 'limits: { neverBlock: [] }'],
  ['clients never blocked', 'limits: { neverBlock: [this-machine, "198.51.100.0/24", group:local-clients] }'],
  ['an exempt group of this machine alone', 'ipGroups: { a: [this-machine] }\nlimits: { exemptGroup: a }'],
  ['an empty group in a group', 'ipGroups: { local-clients: [::1, group:a], a: [] }'],
  [
    'one port of two addresses',
    'services: { smtp: { listen: ["10.0.0.1:25"] }, submission: { listen: ["10.0.0.2:25"] } }',
  ],
  ['any free port, twice', 'services: { smtp: { listen: ["127.0.0.1:0"] }, pop3: { listen: ["127.0.0.1:0"] } }'],
  ['mail that goes back before anybody is told that it is late', 'queue: { bounceAfter: 1h }'],
  ['no warning, and mail that goes back soon', 'queue: { warnAfter: null, bounceAfter: 1m }'],
  [
    'routes that say where they lead',
    'delivery: { routes: [{ host: a.example }, { via: lmtp, host: 127.0.0.1 }, { via: mx }, { via: mx, loginBy: pop3 }] }',
  ],
  [
    'a login by POP3 with credentials',
    'delivery: { routes: [{ host: a.example, loginBy: pop3, credentials: isp }], sourceAddresses: [{ domain: "*", address: ::1 }] }',
  ],
  ['IPv4 and IPv6 of one port', 'services: { smtp: { listen: ["0.0.0.0:25"] }, submission: { listen: ["[::1]:25"] } }'],
]

for (const [name, yaml] of SOUND) {
  test(`sound: ${name}`, () => assert.deepEqual(checkSettings(settingsOf(yaml)), []))
}

const UNSOUND: readonly [string, string, path: string, RegExp][] = [
  ['a relay group that is not there', 'relay: { ipGroup: office }', 'relay.ipGroup', /no IP address group "office"/],
  [
    'a relay group taken away',
    'ipGroups: { local-clients: null }',
    'relay.ipGroup',
    /no IP address group "local-clients"/,
  ],
  [
    'a group named like a method',
    'relay: { ipGroup: constructor }',
    'relay.ipGroup',
    /no IP address group "constructor"/,
  ],
  [
    'a trust group that is not there',
    'trust: { ipGroup: local }',
    'trust.ipGroup',
    /did you mean local-clients\?|add it under/,
  ],
  ['a service group that is not there', 'services: { pop3s: { ipGroup: x } }', 'services.pop3s.ipGroup', /"x"/],
  [
    'a proxy group that is not there',
    'services: { smtp: { proxyFrom: [::1, group:x] } }',
    'services.smtp.proxyFrom[1]',
    /"x"/,
  ],
  [
    'an empty group in use',
    'ipGroups: { local-clients: [] }',
    'relay.ipGroup',
    /relay.ipGroup and limits.exemptGroup name ipGroups.local-clients, which has no enabled entry.*null/,
  ],
  [
    'a group of empty groups in use',
    'ipGroups: { a: [group:b], b: [{ address: ::1, enabled: false }] }\nlimits: { exemptGroup: a }',
    'limits.exemptGroup',
    /limits.exemptGroup names ipGroups.a, which has no address in it/,
  ],
  ['an exempt group that is not there', 'limits: { exemptGroup: x }', 'limits.exemptGroup', /"x"/],
  [
    'an exempt Internet',
    'ipGroups: { a: ["::/0"] }\nlimits: { exemptGroup: a }',
    'limits.exemptGroup',
    /pass every limit/,
  ],
  ['a never-block group that is not there', 'limits: { neverBlock: [::1, group:x] }', 'limits.neverBlock[1]', /"x"/],
  [
    'an empty never-block group',
    'ipGroups: { a: [] }\nlimits: { neverBlock: [group:a] }',
    'limits.neverBlock[0]',
    /limits.neverBlock\[0\] names ipGroups.a, which has no enabled entry: add one, or take it out/,
  ],
  [
    'a never-block list of the Internet in pieces',
    'ipGroups: { a: ["0.0.0.0/2"] }\nlimits: { neverBlock: ["128.0.0.0/1", group:a, this-machine] }',
    'limits.neverBlock',
    /limits.neverBlock covers \d+ % of the IPv4 Internet: nobody could be blocked/,
  ],
  [
    'a group in a group that is not there',
    'ipGroups: { offices: [::1, group:office] }',
    'ipGroups.offices[1]',
    /no IP address group "office": did you mean offices\?/,
  ],
  [
    'a group taken away that is used everywhere',
    `ipGroups: { a: [::1, group:gone] }
relay: { ipGroup: gone }
trust: { ipGroup: gone }
limits: { exemptGroup: gone, neverBlock: [group:gone] }
services: { smtp: { proxyFrom: [group:gone] }, pop3: { ipGroup: gone } }`,
    'relay.ipGroup',
    /"gone", which relay.ipGroup, trust.ipGroup, limits.exemptGroup, services.pop3.ipGroup, services.smtp.proxyFrom\[0\] and 2 more places name: add it/,
  ],
  [
    'a first block longer than the longest',
    'limits: { longestBlock: 30m }',
    'limits.blockFor',
    /limits.blockFor is 1h and limits.longestBlock is 30m/,
  ],
  [
    'a first block for failed logins longer than the longest',
    'limits: { failedLogins: { blockFor: 2d } }',
    'limits.failedLogins.blockFor',
    /is 2d and limits.longestBlock is 1d/,
  ],
  [
    'an hour of more messages than its day',
    'limits: { account: { messagesPerDay: 100 } }',
    'limits.account.messagesPerHour',
    /limits.account.messagesPerHour is 300 and limits.account.messagesPerDay is 100/,
  ],
  [
    'an hour of more recipients than its day',
    'limits: { account: { recipientsPerHour: 3000 } }',
    'limits.account.recipientsPerHour',
    /is 3000 and limits.account.recipientsPerDay is 2000/,
  ],
  [
    'a disabled group in use',
    'ipGroups: { a: [{ address: ::1, enabled: false }] }\nservices: { smtp: { ipGroup: a } }',
    'services.smtp.ipGroup',
    /no enabled entry.*services.smtp.listen: \[\]/,
  ],
  ['a circle', 'ipGroups: { a: [group:b], b: [::1, group:a] }', 'ipGroups.b[1]', /a > b > a/],
  [
    'relay for IPv4',
    'ipGroups: { local-clients: ["0.0.0.0/0"] }',
    'relay.ipGroup',
    /the whole IPv4 Internet.*open relay/,
  ],
  ['relay for IPv6', 'ipGroups: { local-clients: ["::/0"] }', 'relay.ipGroup', /the whole IPv6 Internet/],
  [
    'relay for the Internet in pieces',
    'ipGroups: { local-clients: ["0.0.0.0/2", group:a], a: [group:b, "64.0.0.0/2"], b: ["128.0.0.0/1"] }',
    'relay.ipGroup',
    /the whole IPv4 Internet/,
  ],
  [
    'relay for most of IPv4',
    'ipGroups: { local-clients: ["0.0.0.0/1"] }',
    'relay.ipGroup',
    /5\d % of the IPv4 Internet/,
  ],
  ['trust for the Internet', 'ipGroups: { a: ["0.0.0.0/0"] }\ntrust: { ipGroup: a }', 'trust.ipGroup', /unchecked/],
  ['proxies everywhere', 'services: { pop3: { proxyFrom: ["::/0"] } }', 'services.pop3.proxyFrom', /claim any address/],
  [
    'a certificate alone',
    'tls: { certificateFile: /a }',
    'tls.certificateFile',
    /tls.certificateFile is set and tls.keyFile is not/,
  ],
  ['a key alone', 'tls: { keyFile: /a }', 'tls.keyFile', /tls.keyFile is set and tls.certificateFile is not/],
  [
    'a relay route without a server',
    'delivery: { routes: [{ via: mx }, { recipient: "*@a.example" }] }',
    'delivery.routes[1].host',
    /delivery.routes\[1\].host is not set and delivery.routes\[1\].via is relay: name the server/,
  ],
  ['an LMTP route without a server', 'delivery: { routes: [{ via: lmtp }] }', 'delivery.routes[0].host', /via is lmtp/],
  [
    'a login by POP3 without credentials',
    'delivery: { routes: [{ host: a.example, loginBy: pop3 }] }',
    'delivery.routes[0].credentials',
    /delivery.routes\[0\].credentials is not set and delivery.routes\[0\].loginBy is pop3: .*postern credentials set/,
  ],
  [
    'two services on one port',
    'services: { submission: { listen: ["127.0.0.1:25"] } }',
    'services.submission.listen[0]',
    /services.submission.listen\[0\] and services.smtp.listen\[0\] both want port 25 of 127.0.0.1/,
  ],
  [
    'one address twice',
    'services: { smtp: { listen: [10.0.0.1, "10.0.0.1:25"] } }',
    'services.smtp.listen[1]',
    /port 25/,
  ],
  [
    'an address in two forms',
    'services: { smtp: { listen: ["[::1]:25", "[0:0::1]:25"] } }',
    'services.smtp.listen[1]',
    /port 25/,
  ],
  [
    'open relay',
    'relay: { mode: open }',
    'relay.mode',
    /relay.mode is open and services.smtp.listen\[0\] is \* port 25/,
  ],
  [
    'open relay to the world without a name',
    'relay: { mode: open, openConfirmedFor: mail.example.com }',
    'relay.mode',
    /set server.hostname to its name, and relay.openConfirmedFor to the same/,
  ],
  [
    'open relay to the world, confirmed for another server',
    'server: { hostname: mx.example.com }\nrelay: { mode: open, openConfirmedFor: mail.example.com }',
    'relay.mode',
    /write its name out, relay.openConfirmedFor: mx.example.com\./,
  ],
  [
    'open relay on one address that is public',
    `relay: { mode: open }\n${INSIDE.replace('10.1.2.3', '192.0.2.1')}`,
    'relay.mode',
    /services.submission.listen\[0\] is 192.0.2.1 port 587/,
  ],
  [
    'open relay inside, behind a proxy that passes the Internet on',
    `relay: { mode: open }\n${INSIDE.replace('smtp: {', 'smtp: { proxyFrom: ["127.0.0.1"],')}`,
    'relay.mode',
    /services.smtp.listen\[0\] is 127.0.0.1 port 2525, which the Internet may reach through services.smtp.proxyFrom:/,
  ],
]

for (const [name, yaml, path, says] of UNSOUND) {
  test(`unsound: ${name}`, () => {
    const problems = checkSettings(settingsOf(yaml))
    assert.equal(problems.length, 1, JSON.stringify(problems))
    assert.equal(problems[0]?.path, path)
    assert.match(problems[0]?.says ?? '', says)
  })
}

test('the usual ports are those of the start', () => {
  const settings = settingsOf('services: { submission: { listen: ["*:2525"] } }')
  assert.deepEqual(checkSettings(settings, { ports: 'standard' }), [])
  assert.match(checkSettings(settings, { ports: 'high' })[0]?.says ?? '', /port 2525/)
})

test('no settings make the checks throw', () => {
  fc.assert(
    fc.property(anyChanges, (changes) => {
      for (const { says } of checkSettings(buildSettings(changes))) assert.ok(says.length < 700, says)
    }),
    { numRuns: 150 },
  )
})
