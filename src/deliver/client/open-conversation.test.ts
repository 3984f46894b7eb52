import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Conversation, ConversationOptions, NoConversation, TlsRequirement } from '../contract.ts'
import { checkCertificate } from '../tls/certificate.ts'
import { openConversation } from './open-conversation.ts'
import { envelopeOf, optionsFor, type Script, serveScripts, testCertificate } from './testing.ts'

const EHLO = 'C: EHLO out.example'
const OFFERS_TLS = ['S: 220 mx', EHLO, 'S: 250-mx', 'S: 250 STARTTLS'] as const
const UNDER_TLS = [...OFFERS_TLS, 'C: STARTTLS', 'S: 220 go', 'TLS', EHLO] as const
const QUIT = ['C: QUIT', 'S: 221 bye'] as const

const REQUIRED: TlsRequirement = { mode: 'required', by: 'settings', names: [] }
const VERIFIED: TlsRequirement = { mode: 'verified', by: 'mta-sts', names: ['mx.far.example'] }
const NONE: TlsRequirement = { mode: 'none', by: 'settings', names: [] }

/** `open` or `open TLS`, with who verified it; else `deferred 4.7.5 starttls (validation-failure)`. */
function short(result: Conversation | NoConversation): string {
  if (!('is' in result)) {
    const { tls } = result.hop
    return tls === undefined ? 'open' : `open TLS${tls.verifiedBy === undefined ? '' : ` ${tls.verifiedBy}`}`
  }
  const { is, status, stage, scope } = result.trouble
  assert.equal(scope, 'server')
  return `${is} ${status} ${stage}${result.tlsFailed === undefined ? '' : ` (${result.tlsFailed})`}`
}

const certificate = await testCertificate()

const ROWS: readonly (readonly [
  name: string,
  script: Script,
  options: Partial<ConversationOptions>,
  result: string,
])[] = [
  ['EHLO', ['S: 220 mx', EHLO, 'S: 250 mx', ...QUIT], {}, 'open'],
  ['a greeting of lines', ['S: 220-mx', 'S: 220 no spam', EHLO, 'S: 250 mx', ...QUIT], {}, 'open'],
  [
    'HELO, where EHLO is not known (RFC 5321 §4.1.4)',
    ['S: 220 mx', EHLO, 'S: 502 what', 'C: HELO out.example', 'S: 250 mx', ...QUIT],
    {},
    'open',
  ],
  ['EHLO later', ['S: 220 mx', EHLO, 'S: 451 4.3.0 later', 'GONE'], {}, 'deferred 4.3.0 hello'],
  [
    'neither EHLO nor HELO',
    ['S: 220 mx', EHLO, 'S: 550 no', 'C: HELO out.example', 'S: 550 5.7.1 no', 'GONE'],
    {},
    'failed 5.7.1 hello',
  ],
  [
    'LHLO has no elder',
    ['S: 220 mx', 'C: LHLO out.example', 'S: 500 what', 'GONE'],
    { protocol: 'lmtp' },
    'deferred 4.0.0 hello',
  ],
  ['no mail here (RFC 5321 §3.1)', ['S: 554 5.7.1 no mail', 'GONE'], {}, 'deferred 4.7.1 greeting'],
  ['421', ['S: 421 4.3.2 busy', 'GONE'], {}, 'deferred 4.3.2 greeting'],
  ['closed before the greeting', ['FIN', 'GONE'], {}, 'deferred 4.4.2 greeting'],
  ['closed after EHLO', ['S: 220 mx', EHLO, 'FIN', 'GONE'], {}, 'deferred 4.4.2 hello'],
  ['more than the greeting', ['S| 220 mx\\r\\n250 mx\\r\\n', 'GONE'], {}, 'deferred 4.5.0 greeting'],
  ['STARTTLS', [...UNDER_TLS, 'S: 250 mx', ...QUIT], {}, 'open TLS'],
  ['STARTTLS is offered, and no TLS wanted', [...OFFERS_TLS, ...QUIT], { tls: NONE }, 'open'],
  ['STARTTLS is refused: in the clear', [...OFFERS_TLS, 'C: STARTTLS', 'S: 454 4.7.0 not now', ...QUIT], {}, 'open'],
  [
    'STARTTLS is refused, and TLS required',
    [...OFFERS_TLS, 'C: STARTTLS', 'S: 454 4.7.0 not now', 'GONE'],
    { tls: REQUIRED },
    'deferred 4.7.0 starttls (starttls-not-supported)',
  ],
  [
    'STARTTLS is not offered, and TLS required',
    ['S: 220 mx', EHLO, 'S: 250 mx', 'GONE'],
    { tls: REQUIRED },
    'deferred 4.7.4 starttls (starttls-not-supported)',
  ],
  [
    'no handshake',
    [...OFFERS_TLS, 'C: STARTTLS', 'S: 220 go', 'READ 1', 'S: no TLS', 'GONE'],
    {},
    'deferred 4.7.5 starttls (validation-failure)',
  ],
  [
    'closed instead of a handshake',
    [...OFFERS_TLS, 'C: STARTTLS', 'S: 220 go', 'FIN', 'GONE'],
    {},
    'deferred 4.7.5 starttls (validation-failure)',
  ],
  [
    'closed instead of an answer',
    [...OFFERS_TLS, 'C: STARTTLS', 'RST'],
    {},
    'deferred 4.4.2 starttls (validation-failure)',
  ],
  [
    'injection before TLS (RFC 3207 §6)',
    [...OFFERS_TLS, 'C: STARTTLS', 'S| 220 go\\r\\n250-mx\\r\\n250 AUTH PLAIN\\r\\n', 'GONE'],
    {},
    'deferred 4.5.0 starttls',
  ],
  ['required: any certificate will do', [...UNDER_TLS, 'S: 250 mx', ...QUIT], { tls: REQUIRED }, 'open TLS'],
  [
    'verified: a certificate nobody vouches for',
    [...UNDER_TLS.slice(0, -1), 'GONE'],
    { tls: VERIFIED },
    'deferred 4.7.5 starttls (certificate-not-trusted)',
  ],
  [
    'verified: an own authority',
    [...UNDER_TLS, 'S: 250 mx', ...QUIT],
    { tls: VERIFIED, ca: [certificate] },
    'open TLS mta-sts',
  ],
  [
    'verified: another name',
    [...UNDER_TLS.slice(0, -1), 'GONE'],
    { tls: { ...VERIFIED, names: ['mx.other.example'] }, ca: [certificate] },
    'deferred 4.7.5 starttls (certificate-host-mismatch)',
  ],
  [
    'TLS from the first byte',
    ['TLS', 'S: 220 mx', EHLO, 'S: 250-mx', 'S: 250 STARTTLS', ...QUIT],
    { implicitTls: true },
    'open TLS',
  ],
  ['TLS from the first byte, and none there', ['S: 220 mx', 'GONE'], { implicitTls: true }, 'deferred 4.7.5 starttls'],
  ['no greeting for five minutes', ['WAIT 300000', 'GONE'], {}, 'deferred 4.4.2 greeting'],
  ['a greeting that drips', ['S| 2', 'WAIT 200000', 'S| 2', 'WAIT 100000', 'GONE'], {}, 'deferred 4.4.2 greeting'],
  [
    'a greeting after four minutes, and EHLO answered within the five that all of it has',
    ['WAIT 240000', 'S: 220 mx', EHLO, 'WAIT 59000', 'S: 250 mx', ...QUIT],
    {},
    'open',
  ],
]

describe('opening', () => {
  for (const [name, script, options, result] of ROWS) {
    test(name, { timeout: 10_000 }, async () => {
      const server = await serveScripts(script)
      try {
        const opened = await openConversation(optionsFor(server, { checkCertificate, ...options }))
        assert.equal(short(opened), result)
        if (!('is' in opened)) opened.close()
        await server.played
        assert.deepEqual(server.wrong, [])
      } finally {
        await server.close()
      }
    })
  }

  test('nobody listens', async () => {
    const server = await serveScripts()
    await server.close()
    const opened = await openConversation(optionsFor(server))
    assert.equal(short(opened), 'deferred 4.4.1 connect')
    assert.match(
      (opened as NoConversation).trouble.because,
      /^Cannot connect to mx\.far\.example \(127\.0\.0\.1, port \d+\): .*ECONNREFUSED/,
    )
  })

  test('an address that is not ours to leave from', async () => {
    const server = await serveScripts()
    const opened = await openConversation(optionsFor(server, { localAddress: '192.0.2.1' }))
    assert.equal(short(opened), 'deferred 4.4.1 connect')
    await server.close()
  })

  test('a message under TLS', async () => {
    const server = await serveScripts([
      ...UNDER_TLS,
      'S: 250-mx',
      'S: 250-REQUIRETLS',
      'S: 250-PIPELINING',
      'S: 250 CHUNKING',
      'C: MAIL FROM:<a@near.example> REQUIRETLS',
      'C: RCPT TO:<x@far.example>',
      'C: BDAT 19 LAST',
      'C: Subject: hi',
      'C:',
      'C: hi',
      'S: 250 ok',
      'S: 250 ok',
      'S: 250 taken',
      ...QUIT,
    ])
    const conversation = (await openConversation(optionsFor(server))) as Conversation
    assert.deepEqual(conversation.hop.tls, { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' })
    const [outcome] = await conversation.send(envelopeOf(undefined, { requireTls: true }))
    assert.equal(outcome?.is, 'delivered')
    conversation.close()
    await server.played
    assert.deepEqual(server.wrong, [])
    await server.close()
  })
})
