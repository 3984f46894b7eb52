/** DANE (RFC 7672) and MTA-STS (RFC 8461) with real DNSSEC, real certificates and real servers on port 25. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type FarNetwork, farSkip, openFarNetwork } from '../networks/far.ts'
import type { RunningPostern } from '../server.ts'
import { until } from '../until.ts'
import { arrived, startDelivering } from './delivery.ts'
import { sampleMessage, submitMail } from './mail.ts'
import { type Authority, makeAuthority, tlsaData } from './servers/certificates.ts'
import { postfixSkip, type RunningPostfix, startPostfix } from './servers/postfix.ts'
import { greets, peerDir, type RunningProgram, startProgram } from './servers/program.ts'
import { type SignedDns, signedDnsSkip, startSignedDns, type Zone } from './servers/signed-dns.ts'

const skip = farSkip || postfixSkip || signedDnsSkip

const WRONG = `3 1 1 ${'0f'.repeat(32)}`

interface Case {
  readonly name: string
  readonly zone: Zone['is']
  /** Which server its MX is: one with TLS, whose certificate names it or not, or one without. */
  readonly mx: 'named' | 'unnamed' | 'plain'
  readonly tlsa?: 'its key' | 'its authority' | 'another key' | 'only unusable'
  readonly policy?: string
  /** How it was delivered, or what is said of why it waits. */
  readonly ends: { readonly verifiedBy: 'dane' | 'mta-sts' | 'nothing' } | { readonly waits: RegExp }
}

const CASES: Readonly<Record<string, Case>> = {
  'ee.test': {
    name: 'RFC 7672 §3.1.1: DANE-EE of its key; no name counts',
    zone: 'signed',
    mx: 'unnamed',
    tlsa: 'its key',
    ends: { verifiedBy: 'dane' },
  },
  'ta.test': {
    name: 'RFC 7672 §3.1.2: DANE-TA of its authority',
    zone: 'signed',
    mx: 'named',
    tlsa: 'its authority',
    ends: { verifiedBy: 'dane' },
  },
  'ta-name.test': {
    name: 'RFC 7672 §3.2.3: DANE-TA, but the certificate is for another name',
    zone: 'signed',
    mx: 'unnamed',
    tlsa: 'its authority',
    ends: { waits: /certificate|name/i },
  },
  'wrong.test': {
    name: 'RFC 7672 §2.2: no record matches',
    zone: 'signed',
    mx: 'named',
    tlsa: 'another key',
    ends: { waits: /TLSA|DANE|certificate/i },
  },
  'stripped.test': {
    name: 'RFC 7672 §2.2: records, and no STARTTLS',
    zone: 'signed',
    mx: 'plain',
    tlsa: 'its key',
    ends: { waits: /TLS/ },
  },
  'unusable.test': {
    name: 'RFC 7672 §2.2: only unusable records: encrypted',
    zone: 'signed',
    mx: 'unnamed',
    tlsa: 'only unusable',
    ends: { verifiedBy: 'nothing' },
  },
  'bogus.test': {
    name: 'RFC 7672 §2.1.1: a zone that does not validate',
    zone: 'bogus',
    mx: 'named',
    tlsa: 'its key',
    ends: { waits: /./ },
  },
  'unsigned.test': {
    name: 'RFC 7672 §2.2: records without DNSSEC are none',
    zone: 'plain',
    mx: 'named',
    tlsa: 'another key',
    ends: { verifiedBy: 'nothing' },
  },
  'sts.test': {
    name: 'RFC 8461 §4: a policy that the server fulfils',
    zone: 'plain',
    mx: 'named',
    policy: 'enforce mx.sts.test',
    ends: { verifiedBy: 'mta-sts' },
  },
  'sts-wild.test': {
    name: 'RFC 8461 §4.1: a policy with a wildcard',
    zone: 'plain',
    mx: 'named',
    policy: 'enforce *.sts-wild.test',
    ends: { verifiedBy: 'mta-sts' },
  },
  'sts-mx.test': {
    name: 'RFC 8461 §4.1: a policy that names another server',
    zone: 'plain',
    mx: 'named',
    policy: 'enforce other.test',
    ends: { waits: /policy/i },
  },
  'sts-cert.test': {
    name: 'RFC 8461 §4.2: a certificate for another name',
    zone: 'plain',
    mx: 'unnamed',
    policy: 'enforce mx.sts-cert.test',
    ends: { waits: /certificate|name/i },
  },
  'sts-plain.test': {
    name: 'RFC 8461 §4: a policy, and no STARTTLS',
    zone: 'plain',
    mx: 'plain',
    policy: 'enforce mx.sts-plain.test',
    ends: { waits: /TLS/ },
  },
  'sts-testing.test': {
    name: 'RFC 8461 §5: mode testing stops nothing',
    zone: 'plain',
    mx: 'unnamed',
    policy: 'testing mx.sts-testing.test',
    ends: { verifiedBy: 'nothing' },
  },
  'sts-none.test': {
    name: 'RFC 8461 §5: mode none',
    zone: 'plain',
    mx: 'plain',
    policy: 'none',
    ends: { verifiedBy: 'nothing' },
  },
  'sts-dane.test': {
    name: 'RFC 8461 §2: DANE goes before MTA-STS',
    zone: 'signed',
    mx: 'named',
    tlsa: 'its key',
    policy: 'enforce other.test',
    ends: { verifiedBy: 'dane' },
  },
}

let network: FarNetwork
let authority: Authority
let dns: SignedDns
let withTls: RunningPostfix
let withoutTls: RunningPostfix
let policies: RunningProgram
let server: RunningPostern
before(async () => {
  if (skip !== false) return
  network = openFarNetwork()
  authority = makeAuthority()
  const domains = Object.keys(CASES)
  const mailboxes = domains.map((domain) => `bob@${domain}`)
  const named = domains.filter((domain) => CASES[domain]?.mx === 'named').map((domain) => `mx.${domain}`)
  const certificate = authority.issue(named)
  const { under } = network
  withTls = await startPostfix({ hostname: 'far.test', ip: network.ip(2), port: 25, under, mailboxes, certificate })
  withoutTls = await startPostfix({ hostname: 'far.test', ip: network.ip(3), port: 25, under, mailboxes })

  const data = {
    'its key': tlsaData(3, certificate.x509),
    'its authority': tlsaData(2, authority.x509),
    'another key': WRONG,
    // PKIX-EE, which SMTP has no use for (RFC 7672 §3.1.3).
    'only unusable': `1 1 1 ${'0f'.repeat(32)}`,
  }
  const zones = Object.entries(CASES).map(([domain, { zone, mx, tlsa, policy }]): [string, Zone] => [
    domain,
    {
      is: zone,
      records: [
        '@ MX 10 mx',
        `mx A ${network.ip(mx === 'plain' ? 3 : 2)}`,
        ...(tlsa === undefined ? [] : [`_25._tcp.mx TLSA ${data[tlsa]}`]),
        ...(policy === undefined ? [] : ['_mta-sts TXT "v=STSv1; id=1"', `mta-sts A ${network.ip(4)}`]),
      ].join('\n'),
    },
  ])
  dns = await startSignedDns(Object.fromEntries(zones))
  policies = await servePolicies()
  server = await startDelivering({ dns: dns.server, caFile: authority.caFile })
})
after(async () => {
  await server?.stop()
  for (const one of [policies, withTls, withoutTls, dns]) await one?.stop()
  authority?.[Symbol.dispose]()
  network?.[Symbol.dispose]()
})

function servePolicies(): Promise<RunningProgram> {
  const all = Object.entries(CASES).flatMap(([domain, { policy }]) => {
    if (policy === undefined) return []
    const [mode, mx] = policy.split(' ')
    const lines = ['version: STSv1', `mode: ${mode}`, ...(mx === undefined ? [] : [`mx: ${mx}`]), 'max_age: 86400', '']
    return [[`mta-sts.${domain}`, lines.join('\r\n')]]
  })
  const hosts = Object.fromEntries(all) as Record<string, string>
  const { certFile, keyFile } = authority.issue(Object.keys(hosts))
  const program = new URL('../networks/serve-policies.ts', import.meta.url).pathname
  return startProgram([process.execPath, program, network.ip(4), certFile, keyFile], {
    dir: peerDir('policies'),
    under: network.under,
    input: JSON.stringify(hosts),
    ready: () => greets(443, 'silent', network.ip(4)),
  })
}

for (const [domain, { name, mx, ends }] of Object.entries(CASES)) {
  test(name, { skip }, async () => {
    const to = `bob@${domain}`
    await submitMail(server.ports, sampleMessage(domain, to), [to])
    const far = mx === 'plain' ? withoutTls : withTls
    if ('verifiedBy' in ends) {
      await arrived(() => far.mail(to), 1, server.output().slice(-3000))
      assert.match(String(far.mail(to)[0]), mx === 'plain' ? /with ESMTP / : /with ESMTPS /)
      const line = await until('its line in the log', async () =>
        server
          .output()
          .split('\n')
          .find((one) => one.includes(' mail sent ') && one.includes(to)),
      )
      const by = /verified by ([\w-]+)/.exec(line)?.[1] ?? 'nothing'
      assert.equal(by, ends.verifiedBy, line)
    } else {
      const shown = await until('a reason in the queue', async () => {
        const { stdout } = await server.postern(['queue', 'list', '--recipient', to, '--json'])
        return /"lastAnswer"/.test(stdout) ? stdout : undefined
      })
      assert.match(shown, ends.waits)
      assert.deepEqual(far.mail(to), [], 'it was delivered all the same')
    }
  })
}
