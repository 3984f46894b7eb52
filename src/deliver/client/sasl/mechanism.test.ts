import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { cramMd5 } from './cram-md5.ts'
import { chooseMechanisms } from './mechanism.ts'
import { login, plain } from './plain.ts'
import { scram } from './scram.ts'

const PENCIL = { user: 'user', password: 'pencil' }

/** The dialogues that the RFCs print. */
const EXCHANGES = [
  {
    name: 'SCRAM-SHA-1 (RFC 5802 §5)',
    client: () => scram('SCRAM-SHA-1', PENCIL, 'fyko+d2lbbFgONRv9qkxdawL'),
    first: 'n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL',
    rounds: [
      [
        'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096',
        'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
      ],
      ['v=rmF9pqV8S7suAoZWja4dJRkFsKQ=', ''],
    ],
  },
  {
    name: 'SCRAM-SHA-256 (RFC 7677 §3)',
    client: () => scram('SCRAM-SHA-256', PENCIL, 'rOprNGfwEbeRWgbNEkqO'),
    first: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
    rounds: [
      [
        'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
        'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
      ],
      ['v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=', ''],
    ],
  },
  {
    name: 'CRAM-MD5 (RFC 2195 §2)',
    client: () => cramMd5({ user: 'tim', password: 'tanstaaftanstaaf' }),
    first: undefined,
    rounds: [['<1896.697170952@postoffice.reston.mci.net>', 'tim b913a602c7eda7a495b4e6e7334d3890']],
  },
  { name: 'PLAIN (RFC 4616)', client: () => plain(PENCIL), first: '\0user\0pencil', rounds: [] },
  {
    name: 'LOGIN',
    client: () => login(PENCIL),
    first: undefined,
    rounds: [
      ['Username:', 'user'],
      ['Password:', 'pencil'],
    ],
  },
] as const

const NONCE = 'rOprNGfwEbeRWgbNEkqO'
/** First messages of servers that are not gone along with. */
const BAD_FIRSTS: readonly (readonly [name: string, message: string])[] = [
  ['a nonce that does not begin with ours', 'r=xOprNGfwEbeRWgbNEkqOyy,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'],
  ['our own nonce and nothing more', `r=${NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`],
  ['too few rounds', `r=${NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4095`],
  ['rounds to keep us busy', `r=${NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=9999999`],
  ['no salt', `r=${NONCE}x,i=4096`],
  ['an extension that must be understood', `m=x,r=${NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`],
  ['nothing', ''],
]

const CHOICES: readonly (readonly [offered: readonly string[], secret: boolean, chosen: readonly string[]])[] = [
  [
    ['LOGIN', 'PLAIN', 'CRAM-MD5', 'SCRAM-SHA-1', 'SCRAM-SHA-256'],
    true,
    ['SCRAM-SHA-256', 'SCRAM-SHA-1', 'CRAM-MD5', 'PLAIN', 'LOGIN'],
  ],
  [['LOGIN', 'PLAIN', 'CRAM-MD5'], false, ['CRAM-MD5']],
  [['LOGIN', 'PLAIN'], false, []],
  [['GSSAPI', 'XOAUTH2', 'SCRAM-SHA-256-PLUS'], true, []],
  [[], true, []],
]

describe('SASL, our side', () => {
  for (const { name, client: make, first, rounds } of EXCHANGES) {
    test(name, async () => {
      const client = make()
      assert.equal(client.first === undefined ? undefined : Buffer.from(client.first).toString(), first)
      for (const [challenge, response] of rounds) {
        const answer = await client.answer(Buffer.from(challenge))
        assert.equal(answer === undefined ? undefined : Buffer.from(answer).toString(), response)
      }
      assert.equal(client.doubt(), undefined)
      assert.equal(await client.answer(Buffer.from('once more')), undefined)
    })
  }

  for (const [name, message] of BAD_FIRSTS) {
    test(`SCRAM: ${name}`, async () => {
      const client = scram('SCRAM-SHA-256', PENCIL, NONCE)
      assert.equal(await client.answer(Buffer.from(message)), undefined)
      assert.equal(typeof client.doubt(), 'string')
    })
  }

  test('SCRAM: a server that does not know the password', async () => {
    const client = scram('SCRAM-SHA-256', PENCIL, NONCE)
    await client.answer(Buffer.from(`r=${NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`))
    for (const wrong of [`v=${Buffer.alloc(32).toString('base64')}`, 'v=AAAA', 'e=other-error', '']) {
      assert.equal(await client.answer(Buffer.from(wrong)), undefined)
    }
    assert.match(client.doubt() ?? '', /did not prove/)
  })

  test('SCRAM: a name with a comma and an equals sign, and what is typed otherwise', () => {
    const first = scram('SCRAM-SHA-256', { user: 'a,b=c\u00aa', password: 'x' }, 'n').first as Uint8Array
    assert.equal(Buffer.from(first).toString(), 'n,,n=a=2Cb=3Dca,r=n')
  })

  for (const [offered, secret, chosen] of CHOICES) {
    test(`${secret ? 'in secret' : 'in the clear'}: ${offered.join(' ') || 'nothing'}`, () => {
      assert.deepEqual(
        chooseMechanisms(offered, PENCIL, secret).map(({ name }) => name),
        chosen,
      )
    })
  }
})
