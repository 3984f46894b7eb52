import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Outcome } from '#queue/contract.ts'
import type { Conversation, ConversationOptions, Envelope } from '../contract.ts'
import { openConversation } from './open-conversation.ts'
import { envelopeOf, optionsFor, type Script, serveScripts } from './testing.ts'

/** An outcome in short: `delivered 250`, `failed 5.1.1 recipient rcpt`. */
function short(outcome: Outcome): string {
  if (outcome.is === 'delivered') return `delivered ${outcome.reply.code}${outcome.passedDsn ? ' dsn' : ''}`
  if (outcome.is === 'placed') return 'placed'
  return `${outcome.is} ${outcome.status} ${outcome.scope} ${outcome.stage}`
}

interface Row {
  readonly name: string
  readonly script: Script
  readonly options?: Partial<ConversationOptions>
  readonly envelopes?: readonly Envelope[]
  readonly outcomes: readonly (readonly string[])[]
  /** Whether more can go over the connection after that. */
  readonly open?: boolean
}

const HELLO = ['S: 220 mx', 'C: EHLO out.example', 'S: 250 mx'] as const
const PIPED = ['S: 220 mx', 'C: EHLO out.example', 'S: 250-mx', 'S: 250 PIPELINING'] as const
const CHUNKED = ['S: 220 mx', 'C: EHLO out.example', 'S: 250-mx', 'S: 250-PIPELINING', 'S: 250 CHUNKING'] as const
/** Time that an answer takes to be read. */
const SEEN = Array<string>(20).fill('WAIT 0')
const LMTP = ['S: 220 mx', 'C: LHLO out.example', 'S: 250-mx', 'S: 250 PIPELINING'] as const
const MAIL = 'C: MAIL FROM:<a@near.example>'
const RCPT = 'C: RCPT TO:<x@far.example>'
const BODY = ['C: Subject: hi', 'C:', 'C: hi'] as const
const DATA = [...BODY, 'C: .'] as const
const QUIT = ['C: QUIT', 'S: 221 bye'] as const

function to(...names: readonly string[]): Partial<Envelope> {
  return { recipients: names.map((name) => ({ recipient: `${name}@far.example` })) }
}
const CONTENT = 'Subject: hi\r\n\r\nhi\r\n'
const TWO = envelopeOf(CONTENT, to('x', 'y'))
const RCPT_Y = 'C: RCPT TO:<y@far.example>'

const ROWS: readonly Row[] = [
  {
    name: 'step by step',
    script: [
      ...HELLO,
      MAIL,
      'S: 250 ok',
      RCPT,
      'S: 250 ok',
      'C: DATA',
      'S: 354 go',
      ...DATA,
      'S: 250 2.0.0 taken',
      ...QUIT,
    ],
    outcomes: [['delivered 250']],
    open: true,
  },
  {
    name: 'PIPELINING: all commands in one write (RFC 2920)',
    script: [
      ...PIPED,
      MAIL,
      RCPT,
      RCPT_Y,
      'C: DATA',
      'S: 250 ok',
      'S: 250 ok',
      'S: 251 forwarded',
      'S: 354 go',
      ...DATA,
      'S: 250 taken',
    ],
    envelopes: [TWO],
    outcomes: [['delivered 250', 'delivered 250']],
    open: true,
  },
  {
    name: 'CHUNKING: the message in the same write (RFC 3030)',
    script: [...CHUNKED, MAIL, RCPT, 'C: BDAT 19 LAST', ...BODY, 'S: 250 ok', 'S: 250 ok', 'S: 250 taken', ...QUIT],
    outcomes: [['delivered 250']],
    open: true,
  },
  {
    name: 'CHUNKING without PIPELINING is DATA',
    script: [
      'S: 220 mx',
      'C: EHLO out.example',
      'S: 250-mx',
      'S: 250 CHUNKING',
      MAIL,
      'S: 250 ok',
      RCPT,
      'S: 250 ok',
      'C: DATA',
      'S: 354 go',
      ...DATA,
      'S: 250 ok',
    ],
    outcomes: [['delivered 250']],
    open: true,
  },
  {
    name: 'several messages, and no RSET between those that went well',
    script: [
      ...CHUNKED,
      ...[0, 1, 2].flatMap(() => [MAIL, RCPT, 'C: BDAT 19 LAST', ...BODY, 'S: 250 ok', 'S: 250 ok', 'S: 250 taken']),
    ],
    envelopes: [envelopeOf(), envelopeOf(), envelopeOf()],
    outcomes: [['delivered 250'], ['delivered 250'], ['delivered 250']],
    open: true,
  },
  {
    name: 'one recipient of two is refused',
    script: [
      ...PIPED,
      MAIL,
      RCPT,
      RCPT_Y,
      'C: DATA',
      'S: 250 ok',
      'S: 550 5.1.1 No such user',
      'S: 250 ok',
      'S: 354 go',
      ...DATA,
      'S: 250 ok',
    ],
    envelopes: [TWO],
    outcomes: [['failed 5.1.1 recipient rcpt', 'delivered 250']],
    open: true,
  },
  {
    name: 'every recipient is refused, and the server waits for a message all the same (RFC 2920 §3.1)',
    script: [
      ...PIPED,
      MAIL,
      RCPT,
      RCPT_Y,
      'C: DATA',
      'S: 250 ok',
      'S: 550 no',
      'S: 451 later',
      'S: 354 go',
      'C: .',
      'S: 554 5.5.1 no recipients',
      'C: RSET',
      MAIL,
      RCPT,
      'C: DATA',
      'S: 250 ok',
      'S: 250 ok',
      'S: 250 ok',
      'S: 354 go',
      ...DATA,
      'S: 250 ok',
    ],
    envelopes: [TWO, envelopeOf()],
    outcomes: [['failed 5.0.0 recipient rcpt', 'deferred 4.0.0 recipient rcpt'], ['delivered 250']],
    open: true,
  },
  {
    name: 'every recipient is refused, and so is DATA',
    script: [
      ...PIPED,
      MAIL,
      RCPT,
      'C: DATA',
      'S: 250 ok',
      'S: 550 5.7.1 no',
      'S: 503 5.5.1 no recipients',
      'C: RSET',
      MAIL,
      RCPT,
      'C: DATA',
      'S: 250 ok',
      'S: 250 ok',
      'S: 250 ok',
      'S: 354 go',
      ...DATA,
      'S: 250 ok',
    ],
    envelopes: [envelopeOf(), envelopeOf()],
    outcomes: [['failed 5.7.1 recipient rcpt'], ['delivered 250']],
    open: true,
  },
  {
    name: 'step by step, a refused recipient ends it, and RSET comes before the next',
    script: [
      ...HELLO,
      MAIL,
      'S: 250 ok',
      RCPT,
      'S: 550 no',
      'C: RSET',
      'S: 250 ok',
      MAIL,
      'S: 250 ok',
      RCPT,
      'S: 250 ok',
      'C: DATA',
      'S: 354 go',
      ...DATA,
      'S: 250 ok',
    ],
    envelopes: [envelopeOf(), envelopeOf()],
    outcomes: [['failed 5.0.0 recipient rcpt'], ['delivered 250']],
    open: true,
  },
  {
    name: 'RSET is refused: out of step',
    script: [...HELLO, MAIL, 'S: 250 ok', RCPT, 'S: 550 no', 'C: RSET', 'S: 500 what', 'GONE'],
    envelopes: [envelopeOf(), envelopeOf()],
    outcomes: [['failed 5.0.0 recipient rcpt'], ['deferred 4.0.0 server mail']],
    open: false,
  },
  {
    name: 'MAIL is refused for good, and all that was sent with it',
    script: [
      ...CHUNKED,
      MAIL,
      RCPT,
      RCPT_Y,
      'C: BDAT 19 LAST',
      ...BODY,
      'S: 550 5.7.1 not you',
      'S: 503 no',
      'S: 503 no',
      'S: 503 no',
    ],
    envelopes: [TWO],
    outcomes: [['failed 5.7.1 message mail', 'failed 5.7.1 message mail']],
    open: true,
  },
  {
    name: 'MAIL is refused for now',
    script: [...HELLO, MAIL, 'S: 451 4.3.0 later'],
    outcomes: [['deferred 4.3.0 message mail']],
    open: true,
  },
  {
    name: 'DATA is refused',
    script: [...PIPED, MAIL, RCPT, 'C: DATA', 'S: 250 ok', 'S: 250 ok', 'S: 452 4.3.1 full'],
    outcomes: [['deferred 4.3.1 message data']],
    open: true,
  },
  {
    name: 'the message is refused for good; the end of data has ended the transaction',
    script: [
      ...PIPED,
      MAIL,
      RCPT,
      'C: DATA',
      'S: 250 ok',
      'S: 250 ok',
      'S: 354 go',
      ...DATA,
      'S: 554 5.7.1 spam',
      MAIL,
      RCPT,
      'C: DATA',
      'S: 250 ok',
      'S: 250 ok',
      'S: 354 go',
      ...DATA,
      'S: 250 ok',
    ],
    envelopes: [envelopeOf(), envelopeOf()],
    outcomes: [['failed 5.7.1 message message'], ['delivered 250']],
    open: true,
  },
  {
    name: 'BDAT is refused: RSET comes before the next (RFC 3030 §2)',
    script: [
      ...CHUNKED,
      MAIL,
      RCPT,
      'C: BDAT 19 LAST',
      ...BODY,
      'S: 250 ok',
      'S: 250 ok',
      'S: 554 5.7.1 spam',
      'C: RSET',
      MAIL,
      RCPT,
      'C: BDAT 19 LAST',
      ...BODY,
      'S: 250 ok',
      'S: 250 ok',
      'S: 250 ok',
      'S: 250 ok',
    ],
    envelopes: [envelopeOf(), envelopeOf()],
    outcomes: [['failed 5.7.1 message message'], ['delivered 250']],
    open: true,
  },
  {
    name: 'too many recipients: 452 and 552 (RFC 5321 §4.5.3.1.10)',
    script: [
      ...PIPED,
      MAIL,
      RCPT,
      RCPT_Y,
      'C: RCPT TO:<z@far.example>',
      'C: RCPT TO:<w@far.example>',
      'C: DATA',
      'S: 250 ok',
      'S: 250 ok',
      'S: 552 5.5.3 too many',
      'S: 452 4.5.3 too many',
      'S: 552 5.2.2 mailbox full',
      'S: 354 go',
      ...DATA,
      'S: 250 ok',
    ],
    envelopes: [envelopeOf(CONTENT, to('x', 'y', 'z', 'w'))],
    outcomes: [
      [
        'delivered 250',
        'deferred 4.5.3 recipient rcpt',
        'deferred 4.5.3 recipient rcpt',
        'failed 5.2.2 recipient rcpt',
      ],
    ],
    open: true,
  },
  {
    name: '552 for the only recipient is for good',
    script: [...HELLO, MAIL, 'S: 250 ok', RCPT, 'S: 552 full'],
    outcomes: [['failed 5.0.0 recipient rcpt']],
    open: true,
  },
  {
    name: '421 to MAIL: the server leaves',
    script: [...HELLO, MAIL, 'S: 421 4.3.2 shutting down', 'GONE'],
    outcomes: [['deferred 4.3.2 server mail']],
    open: false,
  },
  {
    name: '421 to a recipient, and gone: the others as well',
    script: [...PIPED, MAIL, RCPT, RCPT_Y, 'C: DATA', 'S: 250 ok', 'S: 421 4.7.0 too many', 'FIN', 'GONE'],
    envelopes: [TWO],
    outcomes: [['deferred 4.7.0 server rcpt', 'deferred 4.7.0 server rcpt']],
    open: false,
  },
  {
    name: '421 to a recipient, step by step: nothing more is asked',
    script: [...HELLO, MAIL, 'S: 250 ok', RCPT, 'S: 421 enough', 'GONE'],
    envelopes: [TWO],
    outcomes: [['deferred 4.0.0 server rcpt', 'deferred 4.0.0 server rcpt']],
    open: false,
  },
  {
    name: '421 to a recipient, and the message is taken for the other all the same',
    script: [
      ...PIPED,
      MAIL,
      RCPT,
      RCPT_Y,
      'C: DATA',
      'S: 250 ok',
      'S: 250 ok',
      'S: 421 no more',
      'S: 354 go',
      ...DATA,
      'S: 250 ok',
      'GONE',
    ],
    envelopes: [TWO],
    outcomes: [['delivered 250', 'deferred 4.0.0 server rcpt']],
    open: false,
  },
  {
    name: '421 to the message',
    script: [
      ...PIPED,
      MAIL,
      RCPT,
      'C: DATA',
      'S: 250 ok',
      'S: 250 ok',
      'S: 354 go',
      ...DATA,
      'S: 421 4.3.0 no',
      'GONE',
    ],
    outcomes: [['deferred 4.3.0 server message']],
    open: false,
  },
  {
    name: 'a recipient is refused before the connection is lost: its outcome stays',
    script: [...HELLO, MAIL, 'S: 250 ok', RCPT, 'S: 550 5.1.1 no', RCPT_Y, 'FIN', 'GONE'],
    envelopes: [TWO],
    outcomes: [['failed 5.1.1 recipient rcpt', 'deferred 4.4.2 server rcpt']],
    open: false,
  },
  {
    name: 'lost before anything was answered: another server may be tried',
    script: [...CHUNKED, MAIL, RCPT, 'C: BDAT 19 LAST', ...BODY, 'RST'],
    outcomes: [['deferred 4.4.2 server mail']],
    open: false,
  },
  {
    name: 'lost before the end of data was answered: it may have been taken (RFC 1047)',
    script: [...PIPED, MAIL, RCPT, 'C: DATA', 'S: 250 ok', 'S: 250 ok', 'S: 354 go', ...DATA, 'RST'],
    outcomes: [['deferred 4.4.2 message message']],
    open: false,
  },
  {
    name: 'lost before BDAT was answered: it may have been taken',
    script: [...CHUNKED, MAIL, RCPT, 'C: BDAT 19 LAST', ...BODY, 'S: 250 ok', 'S: 250 ok', 'FIN', 'GONE'],
    outcomes: [['deferred 4.4.2 message message']],
    open: false,
  },
  {
    name: 'closed while nothing was asked: the next goes elsewhere',
    script: [
      ...PIPED,
      MAIL,
      RCPT,
      'C: DATA',
      'S: 250 ok',
      'S: 250 ok',
      'S: 354 go',
      ...DATA,
      'S| 250 ok\\r\\n421 idle\\r\\n',
      'GONE',
    ],
    envelopes: [envelopeOf(), envelopeOf()],
    outcomes: [['delivered 250'], ['deferred 4.4.2 server mail']],
    open: false,
  },
  {
    name: 'SIZE: what is too big is not tried (RFC 1870)',
    script: ['S: 220 mx', 'C: EHLO out.example', 'S: 250-mx', 'S: 250 SIZE 18', ...QUIT],
    outcomes: [['failed 5.3.4 message mail']],
    open: true,
  },
  {
    name: 'SIZE and BODY are told; 8BITMIME that is missing changes nothing',
    script: [
      'S: 220 mx',
      'C: EHLO out.example',
      'S: 250-mx',
      'S: 250 SIZE 19',
      `${MAIL} SIZE=19`,
      'S: 250 ok',
      RCPT,
      'S: 250 ok',
      'C: DATA',
      'S: 354 go',
      ...DATA,
      'S: 250 ok',
    ],
    envelopes: [envelopeOf(CONTENT, { body: '8BITMIME' })],
    outcomes: [['delivered 250']],
    open: true,
  },
  {
    name: 'SMTPUTF8 is needed and missing (RFC 6531 §3.5)',
    script: [...PIPED, ...QUIT],
    envelopes: [envelopeOf(CONTENT, { smtputf8: true })],
    outcomes: [['failed 5.6.7 message mail']],
    open: true,
  },
  {
    name: 'SMTPUTF8 is needed by a recipient alone',
    script: [...PIPED, MAIL, RCPT_Y, 'C: DATA', 'S: 250 ok', 'S: 250 ok', 'S: 354 go', ...DATA, 'S: 250 ok'],
    envelopes: [envelopeOf(CONTENT, to('ü', 'y'))],
    outcomes: [['failed 5.6.7 recipient rcpt', 'delivered 250']],
    open: true,
  },
  {
    name: 'SMTPUTF8 is there',
    script: [
      'S: 220 mx',
      'C: EHLO out.example',
      'S: 250-mx',
      'S: 250 SMTPUTF8',
      `${MAIL} SMTPUTF8`,
      'S: 250 ok',
      'C: RCPT TO:<ü@far.example>',
      'S: 250 ok',
      'C: DATA',
      'S: 354 go',
      ...DATA,
      'S: 250 ok',
    ],
    envelopes: [envelopeOf(CONTENT, to('ü'))],
    outcomes: [['delivered 250']],
    open: true,
  },
  {
    name: 'DSN is passed on (RFC 3461)',
    script: [
      'S: 220 mx',
      'C: EHLO out.example',
      'S: 250-mx',
      'S: 250 DSN',
      `${MAIL} RET=HDRS ENVID=e1`,
      'S: 250 ok',
      `${RCPT} NOTIFY=FAILURE ORCPT=rfc822;q@far.example`,
      'S: 250 ok',
      'C: DATA',
      'S: 354 go',
      ...DATA,
      'S: 250 ok',
    ],
    envelopes: [
      envelopeOf(CONTENT, {
        ret: 'HDRS',
        envid: 'e1',
        recipients: [{ recipient: 'x@far.example', notify: 'FAILURE', orcpt: 'rfc822;q@far.example' }],
      }),
    ],
    outcomes: [['delivered 250 dsn']],
    open: true,
  },
  {
    name: 'REQUIRETLS without TLS (RFC 8689 §4.2.1)',
    script: ['S: 220 mx', 'C: EHLO out.example', 'S: 250-mx', 'S: 250 REQUIRETLS', ...QUIT],
    envelopes: [envelopeOf(CONTENT, { requireTls: true })],
    outcomes: [['failed 5.7.30 server mail']],
    open: true,
  },
  {
    name: 'a recipient that would break the line',
    script: [...PIPED, MAIL, RCPT_Y, 'C: DATA', 'S: 250 ok', 'S: 250 ok', 'S: 354 go', ...DATA, 'S: 250 ok'],
    envelopes: [envelopeOf(CONTENT, to('x>\r\nRSET\r\n', 'y'))],
    outcomes: [['failed 5.1.3 recipient rcpt', 'delivered 250']],
    open: true,
  },
  {
    name: 'dots are doubled, and the last line gets its end (RFC 5321 §4.5.2)',
    script: [
      ...HELLO,
      MAIL,
      'S: 250 ok',
      RCPT,
      'S: 250 ok',
      'C: DATA',
      'S: 354 go',
      'C: ..',
      'C: ..a',
      'C: b',
      'C: .',
      'S: 250 ok',
    ],
    envelopes: [envelopeOf('.\r\n.a\r\nb')],
    outcomes: [['delivered 250']],
    open: true,
  },
  {
    name: 'the null reverse path',
    script: [...HELLO, 'C: MAIL FROM:<>', 'S: 250 ok', RCPT, 'S: 250 ok', 'C: DATA', 'S: 354 go', ...DATA, 'S: 250 ok'],
    envelopes: [envelopeOf(CONTENT, { returnPath: '' })],
    outcomes: [['delivered 250']],
    open: true,
  },
  {
    name: 'content that cannot be read: half of it must not become a message',
    script: [...PIPED, MAIL, RCPT, 'C: DATA', 'S: 250 ok', 'S: 250 ok', 'S: 354 go', 'GONE'],
    envelopes: [
      envelopeOf(CONTENT, {
        content: async function* () {
          yield Buffer.from('half')
          throw new Error('disk')
        },
      }),
    ],
    outcomes: [['deferred 4.3.0 message message']],
    open: false,
  },
  {
    name: 'LMTP: an answer for each recipient after the data (RFC 2033)',
    script: [
      ...LMTP,
      MAIL,
      RCPT,
      RCPT_Y,
      'C: RCPT TO:<z@far.example>',
      'C: DATA',
      'S: 250 ok',
      'S: 250 ok',
      'S: 550 5.1.1 no',
      'S: 250 ok',
      'S: 354 go',
      ...DATA,
      'S: 250 2.0.0 x',
      'S: 452 4.2.2 z is full',
      MAIL,
      RCPT,
      'C: DATA',
      'S: 250 ok',
      'S: 250 ok',
      'S: 354 go',
      ...DATA,
      'S: 250 ok',
    ],
    options: { protocol: 'lmtp' },
    envelopes: [envelopeOf(CONTENT, to('x', 'y', 'z')), envelopeOf()],
    outcomes: [['delivered 250', 'failed 5.1.1 recipient rcpt', 'deferred 4.2.2 recipient message'], ['delivered 250']],
    open: true,
  },
  {
    name: 'LMTP: half an hour for all answers',
    script: [
      ...LMTP,
      MAIL,
      RCPT,
      RCPT_Y,
      'C: RCPT TO:<z@far.example>',
      'C: RCPT TO:<w@far.example>',
      'C: DATA',
      ...['x', 'y', 'z', 'w', 'mail'].map(() => 'S: 250 ok'),
      'S: 354 go',
      ...DATA,
      ...['x', 'y', 'z'].flatMap((name) => ['WAIT 599000', `S: 250 ${name}`, ...SEEN]),
      'WAIT 3000',
      'GONE',
    ],
    options: { protocol: 'lmtp' },
    envelopes: [envelopeOf(CONTENT, to('x', 'y', 'z', 'w'))],
    outcomes: [['delivered 250', 'delivered 250', 'delivered 250', 'deferred 4.4.2 message message']],
    open: false,
  },
  {
    name: 'LMTP: lost between two answers',
    script: [
      ...LMTP,
      MAIL,
      RCPT,
      RCPT_Y,
      'C: DATA',
      'S: 250 ok',
      'S: 250 ok',
      'S: 250 ok',
      'S: 354 go',
      ...DATA,
      'S: 250 x',
      'FIN',
      'GONE',
    ],
    options: { protocol: 'lmtp' },
    envelopes: [TWO],
    outcomes: [['delivered 250', 'deferred 4.4.2 message message']],
    open: false,
  },
]

describe('conversation', () => {
  for (const { name, script, options, envelopes = [envelopeOf()], outcomes, open } of ROWS) {
    test(name, { timeout: 10_000 }, async () => {
      const server = await serveScripts(script)
      try {
        const conversation = await openConversation(optionsFor(server, options))
        assert.ok(!('is' in conversation), JSON.stringify(conversation))
        const got: string[][] = []
        for (const envelope of envelopes) got.push((await conversation.send(envelope)).map(short))
        assert.deepEqual(got, outcomes)
        assert.equal(conversation.isOpen, open)
        conversation.close()
        await server.played
        assert.deepEqual(server.wrong, [])
      } finally {
        await server.close()
      }
    })
  }

  test('what is told of a refusal', async () => {
    const server = await serveScripts([...HELLO, MAIL, 'S: 250 ok', RCPT, 'S: 550 5.1.1 No such user'])
    const conversation = (await openConversation(optionsFor(server))) as Conversation
    const [outcome] = await conversation.send(envelopeOf())
    const hop = { host: 'mx.far.example', ip: '127.0.0.1', port: server.port }
    assert.deepEqual(outcome, {
      is: 'failed',
      status: '5.1.1',
      because: 'mx.far.example answered 550 5.1.1 "No such user" to RCPT',
      stage: 'rcpt',
      scope: 'recipient',
      reply: { code: 550, status: '5.1.1', text: 'No such user' },
      hop,
    })
    conversation.close()
    await server.close()
  })

  test('how far it is', async () => {
    const server = await serveScripts([
      ...PIPED,
      MAIL,
      RCPT,
      'C: DATA',
      'S: 250 ok',
      'S: 250 ok',
      'S: 354 go',
      ...DATA,
      'S: 250 ok',
    ])
    const stages: string[] = []
    const conversation = (await openConversation(
      optionsFor(server, { at: (stage) => stages.push(stage) }),
    )) as Conversation
    await conversation.send(
      envelopeOf(CONTENT, { at: (stage) => stages.push(stage), sent: (bytes) => stages.push(`${bytes} bytes`) }),
    )
    assert.deepEqual(stages, [
      'connect',
      'greeting',
      'hello',
      'starttls',
      'mail',
      'rcpt',
      'data',
      'message',
      '19 bytes',
    ])
    assert.equal(conversation.messages, 1)
    conversation.close()
    await server.close()
  })

  test('a big message goes in blocks, and waits for a slow reader', { timeout: 20_000 }, async () => {
    const line = `${'x'.repeat(998)}\r\n`
    const piece = Buffer.from(line.repeat(200))
    const pieces = 100
    const server = await serveScripts([
      ...PIPED,
      MAIL,
      RCPT,
      'C: DATA',
      'S: 250 ok',
      'S: 250 ok',
      'S: 354 go',
      `READ ${piece.length * pieces}`,
      'C: .',
      'S: 250 ok',
    ])
    const conversation = (await openConversation(optionsFor(server))) as Conversation
    let asked = 0
    let sent = 0
    const [outcome] = await conversation.send(
      envelopeOf('', {
        sizeBytes: piece.length * pieces,
        content: function* () {
          // Never more than one block and what the system holds ahead of what has gone.
          while (asked++ < pieces) yield piece
        },
        sent: (bytes) => {
          sent = bytes
        },
      }),
    )
    assert.equal(short(outcome as Outcome), 'delivered 250')
    assert.equal(sent, piece.length * pieces)
    conversation.close()
    await server.close()
    assert.deepEqual(server.wrong, [])
  })
})
