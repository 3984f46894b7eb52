import assert from 'node:assert/strict'
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import type { UserRow } from '#store/contract.ts'
import type { ChannelBindings, Exchange, ExchangeStep } from './contract.ts'
import { saslprep } from './saslprep.ts'
import { scram } from './scram.ts'
import { deriveScramKeys } from './scram-keys.ts'

const user: UserRow = {
  id: 1,
  address: 'user@one.test',
  name: '',
  disabled: false,
  mailboxId: 1,
  localDomainsOnly: false,
  addresses: [],
}

const SALT = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')
const RFC_KEYS = await deriveScramKeys('pencil', SALT, 4096)
const bindings: ChannelBindings = {
  'tls-exporter': Buffer.alloc(32, 1),
  'tls-server-end-point': Buffer.alloc(32, 2),
}

function start(
  options: { plus?: boolean; bindings?: ChannelBindings; known?: boolean; disabled?: boolean; nonce?: string } = {},
): Exchange {
  return scram({
    plus: options.plus ?? false,
    bindings: options.bindings,
    prepareName: (name) => saslprep(name) || undefined,
    admit: (name, admitted) =>
      options.disabled ? { is: 'denied', name, why: 'disabled' } : { is: 'user', user: admitted },
    guard: (work) => work(),
    keys: async () => ({ user: options.known === false ? undefined : user, keys: RFC_KEYS }),
    ...(options.nonce === undefined ? {} : { nonce: () => options.nonce as string }),
  })
}

const text = (step: ExchangeStep) => {
  assert.equal(step.is, 'challenge')
  return Buffer.from(step.is === 'challenge' ? step.data : []).toString()
}

test('the exchange of RFC 7677 §3', async () => {
  const exchange = start({ nonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0' })
  assert.equal(
    text(await exchange.start(Buffer.from('n,,n=user,r=rOprNGfwEbeRWgbNEkqO'))),
    'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  )
  const final =
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ='
  assert.deepEqual(await exchange.next(Buffer.from(final)), {
    is: 'done',
    result: { is: 'user', user },
    data: Buffer.from('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='),
  })
})

/** A client written from RFC 5802 §3 alone, sharing nothing with the server. */
interface Client {
  readonly password: string
  readonly name?: string
  /** The GS2 header, `n,,` unless told otherwise. */
  readonly gs2?: string
  readonly channelData?: Uint8Array
  readonly nonce?: string
  readonly final?: (message: string) => string
}

async function talk(exchange: Exchange, client: Client): Promise<{ step: ExchangeStep; serverProved: boolean }> {
  const gs2 = client.gs2 ?? 'n,,'
  const bare = `n=${client.name ?? 'user'},r=${client.nonce ?? 'fyko+d2lbbFgONRv9qkxdawL'}`
  const first = await exchange.start(Buffer.from(gs2 + bare))
  if (first.is === 'done') return { step: first, serverProved: false }
  const serverFirst = Buffer.from(first.data).toString()
  const [, nonce, salt, iterations] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(serverFirst) ?? assert.fail(serverFirst)
  const channel = Buffer.concat([Buffer.from(gs2), client.channelData ?? Buffer.alloc(0)]).toString('base64')
  const withoutProof = `c=${channel},r=${nonce}`
  const salted = pbkdf2Sync(client.password, Buffer.from(salt as string, 'base64'), Number(iterations), 32, 'sha256')
  const mac = (key: Uint8Array, message: string) => createHmac('sha256', key).update(message).digest()
  const clientKey = mac(salted, 'Client Key')
  const authMessage = [bare, serverFirst, withoutProof].join(',')
  const signature = mac(createHash('sha256').update(clientKey).digest(), authMessage)
  const proof = Buffer.alloc(32)
  for (let at = 0; at < 32; at++) proof[at] = (clientKey[at] as number) ^ (signature[at] as number)
  const final = `${withoutProof},p=${proof.toString('base64')}`
  const step = await exchange.next(Buffer.from(client.final?.(final) ?? final))
  const expected = `v=${mac(mac(salted, 'Server Key'), authMessage).toString('base64')}`
  const serverProved = step.is === 'done' && step.data !== undefined && Buffer.from(step.data).toString() === expected
  return { step, serverProved }
}

function ended(step: ExchangeStep): string {
  assert.equal(step.is, 'done')
  if (step.is !== 'done') return ''
  const { result } = step
  return result.is === 'user' ? 'user' : `${result.is}: ${result.why}`
}

test('an independent client is let in, and the server proves itself to it', async () => {
  for (const [options, client] of [
    [{}, {}],
    [{ bindings }, {}],
    [{}, { gs2: 'y,,' }],
    [{}, { gs2: 'n,a=user,' }],
    [
      { plus: true, bindings },
      { gs2: 'p=tls-exporter,,', channelData: bindings['tls-exporter'] },
    ],
    [
      { plus: true, bindings },
      { gs2: 'p=tls-server-end-point,,', channelData: bindings['tls-server-end-point'] },
    ],
  ] as const) {
    const { step, serverProved } = await talk(start(options), { password: 'pencil', ...client } as Client)
    assert.equal(ended(step), 'user', JSON.stringify(client))
    assert.equal(serverProved, true)
  }
})

test('whoever proves nothing is denied, and the record says why', async () => {
  const rows: readonly [string, Parameters<typeof start>[0], Partial<Client>, RegExp][] = [
    ['another password', {}, { password: 'pencils' }, /^denied: wrong password/],
    ['nobody', { known: false }, {}, /^denied: there is no such user/],
    ['a disabled user', { disabled: true }, {}, /^denied: disabled/],
    ['a hidden offer', { bindings }, { gs2: 'y,,' }, /^malformed: .*hidden from the client/],
    ['-PLUS without binding', { plus: true, bindings }, { gs2: 'n,,' }, /^malformed: .*needs a channel binding/],
    ['-PLUS with y', { plus: true, bindings }, { gs2: 'y,,' }, /^malformed: .*needs a channel binding/],
    ['binding without -PLUS', { bindings }, { gs2: 'p=tls-exporter,,' }, /^malformed: .*belongs to the -PLUS/],
    ['an unknown binding', { plus: true, bindings }, { gs2: 'p=tls-unique,,' }, /^malformed: .*tls-unique/],
    ['a binding of the prototype', { plus: true, bindings }, { gs2: 'p=constructor,,' }, /^malformed: .*constructor/],
    [
      'another channel',
      { plus: true, bindings },
      { gs2: 'p=tls-exporter,,', channelData: Buffer.alloc(32, 9) },
      /^denied: the channel/,
    ],
    ['another GS2 header', {}, { final: (m) => m.replace('c=biws', 'c=eSws') }, /^denied: the channel/],
    ['another nonce', {}, { final: (m) => m.replace(/r=./, 'r=X') }, /^malformed: .*nonce/],
    ['another proof', {}, { final: (m) => m.replace(/p=.{8}/, 'p=AAAAAAAA') }, /^denied: wrong password/],
    ['no proof', {}, { final: (m) => m.replace(/,p=.*/, '') }, /^malformed/],
    ['a short proof', {}, { final: (m) => m.replace(/p=.{4}/, 'p=') }, /^malformed/],
    ['somebody else', {}, { gs2: 'n,a=other,' }, /^malformed: .*act as/],
  ]
  for (const [name, options, client, expected] of rows) {
    const { step, serverProved } = await talk(start(options), { password: 'pencil', ...client })
    assert.match(ended(step), expected, name)
    assert.equal(serverProved, false, name)
  }
})

test('the first message is read strictly', async () => {
  const wrong = [
    '',
    'n,,',
    'n=user,r=abc',
    'x,,n=user,r=abc',
    'n,n=user,r=abc',
    'n,,n=,r=abc',
    'n,,n=user,r=',
    'n,,n=user',
    'n,,r=abc,n=user',
    'n,,m=ext,n=user,r=abc',
    'n,,n=us=er,r=abc',
    'n,,n=us=2cer,r=abc',
    'n,,n=user,r=a bc',
    'n,,n=user,r=äbc',
    'n,,n=us\0er,r=abc',
    'n,,n=user,r=abc\n',
    'p=,,n=user,r=abc',
    `n,,n=user,r=${'a'.repeat(300)}`,
    `n,,n=${'a'.repeat(5000)},r=abc`,
  ]
  for (const message of wrong) assert.match(ended(await start().start(Buffer.from(message))), /^malformed/, message)
  assert.match(ended(await start().start(Buffer.from('n,,n=\u0007,r=abc'))), /^malformed/)
  assert.match(ended(await start().start(Uint8Array.of(0x6e, 0x2c, 0x2c, 0xff))), /^malformed/)
})

test('commas and equals signs in a name are unescaped, and extensions passed over', async () => {
  const names: string[] = []
  const exchange = scram({
    plus: false,
    bindings: undefined,
    prepareName: (name) => {
      names.push(name)
      return name
    },
    admit: (name) => ({ is: 'denied', name, why: '' }),
    guard: (work) => work(),
    keys: async () => ({ user, keys: RFC_KEYS }),
  })
  assert.equal((await exchange.start(Buffer.from('n,,n=a=2Cb=3D2C,r=abc,x=more'))).is, 'challenge')
  assert.deepEqual(names, ['a,b=2C'])
})

test('without an initial response the client is asked, and each exchange has its own nonce', async () => {
  const [one, two] = [start(), start()]
  for (const exchange of [one, two]) assert.equal(text(await exchange.start(undefined)), '')
  const first = Buffer.from('n,,n=user,r=abc')
  assert.notEqual(text(await one.next(first)), text(await two.next(first)))
})

test('any bytes, at any step, end in an answer', async () => {
  const message = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.string({ unit: fc.constantFrom(...'nyp,=ra2CD3cv') }).map((drawn) => Buffer.from(drawn)),
    fc.constant(Buffer.from('n,,n=user,r=abc')),
  )
  await fc.assert(
    fc.asyncProperty(message, message, async (first, second) => {
      const exchange = start()
      const step = await exchange.start(first)
      if (step.is === 'done') assert.match(ended(step), /^malformed/)
      else assert.match(ended(await exchange.next(second)), /^malformed/)
    }),
    { numRuns: 200 },
  )
})
