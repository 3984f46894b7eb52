/** What the signer makes, verified by mailauth, which shares no code with it. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { dkimVerify } from 'mailauth/lib/dkim/verify.js'
import type { SigningKey } from './signature.ts'
import { createSigner, type SignedFor } from './signer.ts'

const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ED25519 = generateKeyPairSync('ed25519')

function keysFor(domain: string): readonly SigningKey[] {
  return [
    { domain, selector: 'r', algorithm: 'rsa', privateKey: RSA.privateKey },
    { domain, selector: 'e', algorithm: 'ed25519', privateKey: ED25519.privateKey },
  ]
}

const RECORDS: Readonly<Record<string, string>> = {
  r: `v=DKIM1; k=rsa; p=${RSA.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')}`,
  e: `v=DKIM1; k=ed25519; p=${ED25519.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64')}`,
}

const OURS = ['example.test', 'other.test', 'xn--bcher-kva.test']
const FROM_ANNA: SignedFor = { messageId: 1, sender: 'anna@example.test', user: 'anna@example.test', ip: '192.0.2.1' }

interface Case {
  readonly of?: Partial<SignedFor>
  readonly pieces: readonly string[]
}

async function sign({ of = {}, pieces }: Case): Promise<string | undefined> {
  const signer = createSigner({
    keysOf: async (domain) => (OURS.includes(domain) ? keysFor(domain) : []),
    nowMs: () => Date.now(),
  })
  const lines = await signer.sign({ ...FROM_ANNA, ...of }, () => pieces.map((piece) => Buffer.from(piece, 'latin1')))
  return lines && Buffer.from(lines).toString('latin1')
}

/** Verify a whole message; gives `rsa-sha256 example.test pass` and so on. */
async function verify(message: string): Promise<readonly string[]> {
  const { results } = await dkimVerify(Buffer.from(message, 'latin1'), {
    resolver: async (name: string) => {
      const [, selector = ''] = /^([re])\._domainkey\./.exec(name) ?? []
      return [[RECORDS[selector] ?? '']]
    },
  })
  return results.map(({ algo, signingDomain, status }) => `${algo} ${signingDomain} ${status.result}`)
}

function passes(domain: string): readonly string[] {
  return [`rsa-sha256 ${domain} pass`, `ed25519-sha256 ${domain} pass`]
}

const PLAIN = 'From: anna@example.test\r\nTo: x@far.test\r\nSubject: hello\r\n\r\nHi.\r\n'

const VERIFIED: readonly (readonly [name: string, message: string])[] = [
  ['plain', PLAIN],
  ['without a body', 'From: anna@example.test\r\nSubject: x\r\n\r\n'],
  ['a header alone', 'From: anna@example.test\r\nSubject: x\r\n'],
  ['without an end of its last line', 'From: anna@example.test\r\n\r\nno end'],
  ['folded', 'Subject: a\r\n  b\r\n\tc\r\nFrom:\r\n Anna\r\n <anna@example.test>\r\n\r\nx\r\n'],
  ['8-bit', 'From: "\u00c3\u00a4" <anna@example.test>\r\nSubject: \u00c3\u00bc\r\n\r\n\u00ff\u00fe\r\n'],
  ['repeated fields', 'To: a@b.test\r\nFrom: anna@example.test\r\nTo: c@d.test\r\nX: y\r\nto: e@f.test\r\n\r\nx\r\n'],
  ['odd case and blanks', 'FROM : anna@example.test  \r\nsUBJECT:\thello  there\t\r\n\r\n x \t y \r\n\r\n\r\n'],
  ['empty fields', 'Subject:\r\nCc: \r\nFrom: anna@example.test\r\n\r\nx\r\n'],
  [
    'a list and a resent one',
    'List-Id: <l.example.test>\r\nList-Unsubscribe: <mailto:u@example.test>\r\nResent-From: z@z.test\r\nResent-From: y@y.test\r\nFrom: anna@example.test\r\n\r\nx\r\n',
  ],
  [
    'signed already',
    'DKIM-Signature: v=1; a=rsa-sha256; d=nowhere.test; s=x; h=from; bh=; b=\r\n'.replace('v=1', 'v=9') + PLAIN,
  ],
  ['a body of blanks', 'From: anna@example.test\r\n\r\n \r\n\t\r\n \t'],
  ['dots', 'From: anna@example.test\r\n\r\n.\r\n..\r\n.x\r\n'],
]

for (const [name, message] of VERIFIED) {
  test(`verifies by both keys: ${name}`, async () => {
    const lines = await sign({ pieces: [message] })
    assert.ok(lines !== undefined)
    assert.deepEqual((await verify(lines + message)).slice(0, 2), passes('example.test'))
  })
}

const WHO: readonly (readonly [name: string, of: Partial<SignedFor>, from: string, domain: string | undefined])[] = [
  ['an author of ours', {}, 'anna@example.test', 'example.test'],
  ['an author in capitals', {}, 'Anna@EXAMPLE.Test', 'example.test'],
  ['a sender of another domain of ours', { sender: 'a@other.test' }, 'a@other.test', 'other.test'],
  ['an author that neither login nor sender vouch for', {}, 'ceo@other.test', 'example.test'],
  ['an author elsewhere', {}, 'a@bank.test', 'example.test'],
  ['a user with a null sender', { sender: '' }, 'anna@example.test', 'example.test'],
  ['a trusted address without a login', { user: undefined as never }, 'anna@example.test', 'example.test'],
  [
    'mail from outside that is forwarded',
    { user: undefined as never, sender: 'x@far.test' },
    'anna@example.test',
    undefined,
  ],
  ['a bounce from outside that is forwarded', { user: undefined as never, sender: '' }, 'anna@example.test', undefined],
  [
    'a report of ours',
    { user: undefined as never, ip: undefined as never, sender: '' },
    'postmaster@other.test',
    'other.test',
  ],
  [
    'a report that names an author elsewhere',
    { user: undefined as never, ip: undefined as never, sender: '' },
    'postmaster@far.test',
    undefined,
  ],
  ['an internationalized domain', { sender: 'a@b\u00fccher.test' }, 'a@b\u00c3\u00bccher.test', 'xn--bcher-kva.test'],
]

for (const [name, of, from, domain] of WHO) {
  test(`${name}: signed for ${domain ?? 'nobody'}`, async () => {
    const present = Object.fromEntries(
      Object.entries({ ...FROM_ANNA, ...of }).filter(([, value]) => value !== undefined),
    )
    const message = `From: ${from}\r\n\r\nx\r\n`
    const signer = createSigner({
      keysOf: async (asked) => (OURS.includes(asked) ? keysFor(asked) : []),
      nowMs: () => Date.now(),
    })
    const lines = await signer.sign(present as unknown as SignedFor, () => [Buffer.from(message, 'latin1')])
    if (domain === undefined) return assert.equal(lines, undefined)
    assert.ok(lines)
    assert.deepEqual(await verify(Buffer.from(lines).toString('latin1') + message), passes(domain))
  })
}

const UNSIGNED: readonly (readonly [name: string, message: string])[] = [
  ['no From', 'Subject: x\r\n\r\nFrom: anna@example.test\r\n'],
  ['two From', 'From: anna@example.test\r\nFrom: x@bank.test\r\n\r\nx\r\n'],
  ['no header', '\r\nFrom: anna@example.test\r\n'],
  ['nothing', ''],
  ['a line that is no field', 'From: anna@example.test\r\nhello\r\n\r\nx\r\n'],
  ['a header that begins folded', ' x\r\nFrom: anna@example.test\r\n\r\nx\r\n'],
  ['a huge header', `From: anna@example.test\r\nX: ${'y'.repeat(600 * 1024)}\r\n\r\nx\r\n`],
  ['a header without end', `From: anna@example.test\r\nX: ${'y'.repeat(600 * 1024)}`],
  ['thousands of To', `From: anna@example.test\r\n${'To: a@b.test\r\n'.repeat(3000)}\r\nx\r\n`],
]

for (const [name, message] of UNSIGNED) {
  test(`is not signed: ${name}`, async () => {
    const pieces = Array.from({ length: Math.ceil(message.length / 65_536) }, (_, n) =>
      message.slice(n * 65_536, (n + 1) * 65_536),
    )
    assert.equal(await sign({ pieces }), undefined)
  })
}

test('what is added to or changed in a signed message is seen', async () => {
  const lines = (await sign({ pieces: [PLAIN] })) ?? ''
  const fails = async (message: string) => {
    for (const result of await verify(message)) assert.doesNotMatch(result, /pass$/, message)
  }
  for (const name of ['From', 'To', 'Subject', 'Cc', 'Reply-To', 'In-Reply-To', 'References']) {
    await fails(`${lines}${name}: x@bank.test\r\n${PLAIN}`)
    await fails(lines + PLAIN.replace('\r\n\r\n', `\r\n${name}: x@bank.test\r\n\r\n`))
  }
  await fails(lines + PLAIN.replace('hello', 'hellO'))
  await fails(`${lines + PLAIN}more\r\n`)
  assert.deepEqual(await verify(`${lines}Received: by x\r\nX-Added: y\r\n${PLAIN}`), passes('example.test'))
})

test('random messages cut anywhere verify', async () => {
  const value = fc
    .array(fc.constantFrom('a', 'bc', ' ', '\t', '\r\n ', '\r\n\t', ':', ';', '=', '\u00e4', '"', '<x@y.test>'), {
      maxLength: 12,
    })
    // A fold of blanks alone is obsolete, and readers differ (RFC 5322 §3.2.2).
    .map((parts) => parts.join('').replaceAll(/(\r\n[ \t]+)+(?=\r\n|$)/g, ''))
  const field = fc
    .tuple(fc.constantFrom('To', 'subject', 'CC', 'X-Y', 'Date', 'Message-ID', 'Content-Type', 'Reply-To'), value)
    .map(([name, text]) => `${name}: ${text}\r\n`)
  const body = fc
    .array(fc.constantFrom('word', ' ', '\t', '\r\n', '\r\n\r\n', '.', '\u00ff', '='), { maxLength: 30 })
    .map((parts) => parts.join(''))
  await fc.assert(
    fc.asyncProperty(
      fc.array(field, { maxLength: 8 }),
      fc.array(field, { maxLength: 4 }),
      body,
      fc.array(fc.nat(400), { maxLength: 6 }),
      async (above, below, text, cuts) => {
        const message = `${above.join('')}From: anna@example.test\r\n${below.join('')}\r\n${text}`
        const at = [...cuts.map((cut) => Math.min(cut, message.length)), 0, message.length].sort((a, b) => a - b)
        const lines = await sign({ pieces: at.slice(1).map((end, index) => message.slice(at[index], end)) })
        assert.ok(lines !== undefined)
        assert.deepEqual(await verify(lines + message), passes('example.test'))
      },
    ),
    { numRuns: 150 },
  )
})

test('a message is read and signed once, however many recipients it has; what went wrong is tried anew', async () => {
  let nowMs = 0
  let reads = 0
  let trouble = false
  let keys: readonly SigningKey[] = []
  const signer = createSigner({
    async keysOf() {
      if (trouble) throw new Error('the key is lost')
      return keys
    },
    nowMs: () => nowMs,
  })
  const content = () => {
    reads += 1
    return [Buffer.from(PLAIN)]
  }
  assert.equal(await signer.sign(FROM_ANNA, content), undefined)
  assert.equal(reads, 0, 'where nothing signs nothing is read')
  trouble = true
  await assert.rejects(signer.sign(FROM_ANNA, content), /the key is lost/)
  trouble = false
  keys = keysFor('example.test')
  const [one, two] = await Promise.all([signer.sign(FROM_ANNA, content), signer.sign(FROM_ANNA, content)])
  assert.ok(one)
  assert.equal(one, two)
  assert.equal(reads, 1)
  await signer.sign({ ...FROM_ANNA, messageId: 2 }, content)
  assert.equal(reads, 2)
  nowMs += 3_600_000
  assert.notEqual(await signer.sign(FROM_ANNA, content), one, 'a signature of long ago is not given out')
  for (let messageId = 10; messageId < 1010; messageId += 1) {
    await signer.sign({ ...FROM_ANNA, messageId }, () => undefined)
  }
  assert.equal(reads, 3)
  assert.equal(await signer.sign({ ...FROM_ANNA, messageId: 5 }, () => undefined), undefined, 'it is gone meanwhile')
})

test('a message of 25 MB is signed in pieces, and other work has its turn meanwhile', async () => {
  let turns = 0
  let going = true
  const turn = () => {
    turns += 1
    if (going) setImmediate(turn)
  }
  setImmediate(turn)
  const signer = createSigner({ keysOf: async (domain) => keysFor(domain), nowMs: () => 0 })
  const piece = Buffer.from(`${'a line of text  \r\n'.repeat(14_000)}`)
  function* content() {
    yield Buffer.from('From: anna@example.test\r\n\r\n')
    for (let at = 0; at < 100; at += 1) yield piece
  }
  assert.ok(await signer.sign(FROM_ANNA, content))
  going = false
  assert.ok(turns > 10, `${turns}`)
})
