/** Each rule and each limit is fired at a running server and acts; after each, the honest client passes. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { EVIDENCE, type EvidenceKind } from '../src/gate/evidence.ts'
import { RULES } from '../src/gate/rules.ts'
import { formatReply } from '../src/smtp/replies.ts'
import { CASES, type Case } from './self-proof/cases.ts'
import { FAR, type Field, LOCAL, PASSWORD, startField } from './self-proof/field.ts'
import { namesOf, PAGE, pageText } from './self-proof/page.ts'
import { until } from './until.ts'
import { Gone } from './wire.ts'

let field: Field
before(async () => {
  field = await startField()
})
after(() => field?.stop())

test('every rule and every kind of evidence has a case', () => {
  const fired = new Set(CASES.flatMap(({ rules }) => rules))
  assert.deepEqual(
    RULES.map(({ name }) => name).filter((name) => !fired.has(name)),
    [],
  )
  const evidence = new Set(CASES.map((one) => one.evidence))
  assert.deepEqual(
    (Object.keys(EVIDENCE) as EvidenceKind[]).filter((kind) => !evidence.has(kind)),
    [],
  )
})

test('docs/proof.md is written from the cases: node test/self-proof/page.ts', () => {
  assert.ok(readFileSync(PAGE, 'utf8') === pageText(), 'it is not fresh')
})

for (const one of CASES) {
  test(`${namesOf(one).join(', ')}: ${one.how}`, async () => {
    const putBack = one.settings === undefined ? undefined : await field.change(one.settings)
    try {
      await fire(one)
    } finally {
      await putBack?.()
    }
    await honestPasses()
  })
}

async function fire(one: Case): Promise<void> {
  const reply = await one.fire(field)
  const ref = / \[ref ([0-9A-Z]+)\]$/.exec(reply)?.[1]
  assert.equal(reply, formatReply(one.reply, ref))
  assert.ok(ref !== undefined, 'the reply bears a reference')
  const text = await field.explain(ref)
  const [decisive = ''] = namesOf(one)
  assert.ok(text.includes(decisive), `"${decisive}" is missing in:\n${text}`)
  if (one.explains !== undefined) assert.match(text, one.explains)

  switch (one.after?.is) {
    case 'blocked':
      return assertBlocked(one.after.network)
    case 'frozen':
      return assertFrozen(reply, text)
    case 'suspended':
      return assertSuspended(one.after.ip)
  }
}

/** The list shows the block with what led to it; every service closes; once lifted, the client is served again. */
async function assertBlocked(network: string): Promise<void> {
  const block = await until('the block is listed', async () => {
    const { items } = await field.ask<{ items: { network: string; reason: string; evidence: string; ref?: string }[] }>(
      'blocks',
      'list',
    )
    return items.find((item) => item.network === network)
  })
  assert.notEqual(block.evidence, '')
  const ip = network.replace('::/64', '::ffff')
  const wanted = formatReply(block.reason === 'by-hand' ? 'addressRefused' : 'addressBlocked')
  using session = await field.connect(ip)
  const greeting = await session.reply()
  assert.ok(greeting.startsWith(wanted), greeting)
  if (block.ref !== undefined) assert.ok(greeting.endsWith(`[ref ${block.ref}]`), greeting)
  await session.closed()
  // Where TLS comes first, there is no handshake to say it in.
  await assert.rejects(field.connect(ip, 'submissions'), Gone)
  await field.ask('blocks', 'lift', network)
  using again = await field.from(ip)
  assert.match(await again.send({ from: 'stranger@far.example', to: LOCAL }), /^250 /)
}

/** The account of the record sends no more, and reads on; released, it sends again. */
async function assertFrozen(_reply: string, text: string): Promise<void> {
  const user = /user\d+@example\.test/.exec(text)?.[0] ?? ''
  await until('the account is stopped', async () => {
    const shown = await field.ask<{ frozen?: object }>('user', 'show', user)
    return shown.frozen
  })
  using stopped = await field.from(field.freshIp(), 'submissions')
  const reply = await stopped.login(user, PASSWORD)
  if (reply.startsWith('235')) assert.match(await stopped.send({ from: user, to: LOCAL }), /^450 4\.7\.0 /)
  await field.ask('user', 'release', user)
}

async function assertSuspended(ip: string): Promise<void> {
  const { suspended } = await field.ask<{ suspended: { ip: string; evidence: string }[] }>('trust', 'list')
  const found = suspended.find((one) => one.ip === ip)
  assert.match(found?.evidence ?? '', /HELO names.*domains/)
  await field.ask('trust', 'restore', ip)
  using session = await field.from(ip)
  assert.match(await session.send({ from: 'printer@far.example', to: FAR }), /^250 /)
}

/** A stranger delivers, a member of the relay group relays, a user sends out: none of them is held up by what others did. */
async function honestPasses(): Promise<void> {
  using stranger = await field.from(field.freshIp())
  assert.match(await stranger.send({ from: 'friend@far.example', to: LOCAL }), /^250 2\.0\.0 /)
  using exempted = await field.from('10.20.0.1')
  assert.match(await exempted.send({ from: 'friend@far.example', to: LOCAL }), /^250 2\.0\.0 /)
}
