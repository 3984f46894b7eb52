import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Conversation, NoConversation } from '../contract.ts'
import { openConversation } from './open-conversation.ts'
import { envelopeOf, optionsFor, type Script, serveScripts } from './testing.ts'

const HELLO = ['S: 220 mx', 'C: EHLO out.example'] as const
const PIPED = [...HELLO, 'S: 250-mx', 'S: 250 PIPELINING'] as const
const GROUP = ['C: MAIL FROM:<a@near.example>', 'C: RCPT TO:<x@far.example>', 'C: DATA'] as const
const GO = [...PIPED, ...GROUP, 'S: 250 ok', 'S: 250 ok', 'S: 354 go'] as const
const BODY = ['C: Subject: hi', 'C:', 'C: hi', 'C: .'] as const

/** What a server does, and what comes of the try: status, stage and the end of the sentence. */
const ROWS: readonly (readonly [name: string, script: Script, result: string, told: RegExp])[] = [
  [
    'an endless line',
    ['FLOOD xxxxxxxxxxxxxxxx'],
    '4.4.2 greeting',
    /answered with more than 64 KiB or 100 lines before/,
  ],
  ['an endless reply', ['FLOOD 220-xxxxxxxxxxxx\\r\\n'], '4.4.2 greeting', /more than 64 KiB or 100 lines/],
  ['an endless reply to EHLO', [...HELLO, 'FLOOD 250-SIZE 1\\r\\n'], '4.4.2 hello', /more than 64 KiB or 100 lines/],
  ['another protocol', ['S: SSH-2.0-OpenSSH_9.9', 'GONE'], '4.4.2 greeting', /a line that is no reply/],
  ['HTTP', [...HELLO, 'S: HTTP/1.1 400 Bad Request', 'GONE'], '4.4.2 hello', /a line that is no reply/],
  ['NULs', ['FLOOD \\u0000'], '4.4.2 greeting', /./],
  ['codes that differ', ['S: 220-mx', 'S: 554 mx', 'GONE'], '4.4.2 greeting', /lines of different codes/],
  [
    'unasked octets after the greeting',
    ['S| 220 mx\\r\\n', 'FLOOD 250 ok\\r\\n'],
    '4.5.0 greeting|4.4.2 hello|4.4.2 mail|4.5.0 hello',
    /sent (more than|what) it was/,
  ],
  [
    'junk after 354',
    [...PIPED, ...GROUP, 'S| 250 ok\\r\\n250 ok\\r\\n354 go\\r\\n250 taken\\r\\n', 'GONE'],
    '4.4.2 message',
    /sent more than 354 to DATA/,
  ],
  [
    '250 for DATA',
    [...PIPED, ...GROUP, 'S: 250 ok', 'S: 250 ok', 'S: 250 ok', 'GONE'],
    '4.4.2 data',
    /answered 250 to DATA, where 354 was due,/,
  ],
  ['354 for MAIL', [...PIPED, ...GROUP, 'S: 354 go', 'GONE'], '4.0.0 mail', /answered 354/],
  ['334 for the message', [...GO, ...BODY, 'S: 334 x', 'GONE'], '4.0.0 message', /answered 334/],
  [
    'no answer to MAIL',
    [...PIPED, ...GROUP, 'WAIT 300000', 'GONE'],
    '4.4.2 mail',
    /did not answer within 300 seconds before it answered MAIL/,
  ],
  [
    'no answer to DATA',
    [...PIPED, ...GROUP, 'S: 250 ok', 'S: 250 ok', 'WAIT 1', 'WAIT 120000', 'GONE'],
    '4.4.2 data',
    /within 120 seconds/,
  ],
  [
    'no answer to the message',
    [...GO, ...BODY, 'WAIT 599000', 'WAIT 1000', 'GONE'],
    '4.4.2 message',
    /within 600 seconds/,
  ],
  [
    'an answer that drips',
    [...GO, ...BODY, 'S| 2', 'WAIT 300000', 'S| 5', 'WAIT 299000', 'S| 0', 'WAIT 1000', 'GONE'],
    '4.4.2 message',
    /within 600 seconds/,
  ],
  [
    'an opening that drips: five minutes for all of it',
    ['WAIT 200000', ...HELLO, 'S| 250-mx\\r\\n', 'WAIT 99000', 'S| 250-SIZE 1\\r\\n', 'WAIT 1000', 'GONE'],
    '4.4.2 hello',
    /took more than 300 seconds in all before it answered EHLO/,
  ],
  [
    'TLS that hangs after a slow opening',
    [
      'WAIT 240000',
      ...HELLO,
      'S: 250-mx',
      'S: 250 STARTTLS',
      'C: STARTTLS',
      'S: 220 go',
      'READ 1',
      'WAIT 60000',
      'GONE',
    ],
    '4.7.5 starttls',
    /no TLS within 60 seconds/,
  ],
  [
    'a reset in the middle of an answer',
    [...PIPED, ...GROUP, 'S| 250 o', 'RST'],
    '4.4.2 mail',
    /(closed|lost) the connection/,
  ],
  [
    'no TLS where TLS is spoken: told on one line, without the names of source files',
    [...HELLO, 'S: 250-mx', 'S: 250 STARTTLS', 'C: STARTTLS', 'S: 220 go', 'TLS', 'RAW no TLS record at all', 'GONE'],
    '4.4.2 hello',
    /^mx\.far\.example lost the connection: [a-z ]+ before it answered EHLO$/,
  ],
]

function describeResult(result: NoConversation | Conversation | undefined): string {
  return result === undefined ? 'nothing' : 'is' in result ? 'none' : 'open'
}

describe('hostile servers', () => {
  for (const [name, script, wanted, told] of ROWS) {
    test(name, { timeout: 20_000 }, async () => {
      const server = await serveScripts(script)
      try {
        const opened = await openConversation(optionsFor(server))
        const [outcome] = 'is' in opened ? [opened.trouble] : await opened.send(envelopeOf())
        assert.ok(outcome !== undefined && outcome.is === 'deferred', describeResult(opened))
        assert.ok(
          wanted.split('|').includes(`${outcome.status} ${outcome.stage}`),
          `${outcome.status} ${outcome.stage}`,
        )
        assert.match(outcome.because, told)
        assert.ok(outcome.because.length < 1000)
        if (!('is' in opened)) assert.equal(opened.isOpen, false)
        await server.played
        assert.deepEqual(server.wrong, [])
        // What the system holds for a socket that nobody reads, and no more.
        assert.ok(server.flooded < 16 * 1024 * 1024, `${server.flooded} octets went`)
      } finally {
        await server.close()
      }
    })
  }

  test('a server that does not read: each block has three minutes (RFC 5321 §4.5.3.2.5)', {
    timeout: 20_000,
  }, async () => {
    const server = await serveScripts([...GO, 'DEAF'])
    const conversation = (await openConversation(optionsFor(server))) as Conversation
    const piece = Buffer.alloc(256 * 1024, 'x')
    let given = 0
    let sentBefore = -1
    let sentNow = 0
    // Time passes only once nothing more goes out.
    const watch = setInterval(() => {
      if (sentBefore === sentNow && sentNow > 0) server.clock.advance(180_000)
      sentBefore = sentNow
    }, 50)
    const [outcome] = await conversation.send(
      envelopeOf('', {
        sizeBytes: 1e9,
        content: function* () {
          while (given++ < 4000) yield piece
        },
        sent: (bytes) => {
          sentNow = bytes
        },
      }),
    )
    clearInterval(watch)
    assert.ok(outcome?.is === 'deferred' && outcome.scope === 'server', JSON.stringify(outcome))
    assert.match(outcome.because, /within 180 seconds/)
    assert.ok(given < 100, `${given} pieces were taken out of the store`)
    await server.close()
  })

  test('a server that takes a block every three minutes: the whole has ten, and a second for each 4 KiB', {
    timeout: 20_000,
  }, async () => {
    const server = await serveScripts([...GO, 'GONE'])
    const conversation = (await openConversation(optionsFor(server))) as Conversation
    let given = 0
    const [outcome] = await conversation.send(
      envelopeOf('', {
        sizeBytes: 4096 * 200,
        content: async function* () {
          while (given++ < 1000) {
            server.clock.advance(given === 1 ? 0 : 170_000)
            yield Buffer.alloc(64 * 1024, 'x')
          }
        },
      }),
    )
    assert.ok(outcome?.is === 'deferred' && outcome.scope === 'server', JSON.stringify(outcome))
    assert.match(outcome.because, /took more than 800 seconds in all/)
    // What the system takes at once waits for nobody.
    assert.ok(given < 1000)
    await server.close()
  })

  test('a refusal in the middle of the message ends it there', { timeout: 20_000 }, async () => {
    const server = await serveScripts([...GO, 'READ 100000', 'S: 552 5.3.4 too big', 'GONE'])
    const conversation = (await openConversation(optionsFor(server))) as Conversation
    let given = 0
    const [outcome] = await conversation.send(
      envelopeOf('', {
        sizeBytes: 1e9,
        content: async function* () {
          while (given++ < 4000) {
            yield Buffer.alloc(256 * 1024, 'x')
            await new Promise((resolve) => setImmediate(resolve))
          }
        },
      }),
    )
    assert.ok(outcome?.is === 'failed' && outcome.status === '5.3.4', JSON.stringify(outcome))
    assert.ok(given < 4000)
    assert.equal(conversation.isOpen, false)
    await server.close()
  })

  test('250 before the message has ended is no delivery', { timeout: 20_000 }, async () => {
    const server = await serveScripts([...GO, 'READ 100000', 'S: 250 taken', 'GONE'])
    const conversation = (await openConversation(optionsFor(server))) as Conversation
    let given = 0
    const [outcome] = await conversation.send(
      envelopeOf('', {
        sizeBytes: 1e9,
        content: async function* () {
          while (given++ < 4000) {
            yield Buffer.alloc(256 * 1024, 'x')
            await new Promise((resolve) => setImmediate(resolve))
          }
        },
      }),
    )
    assert.ok(outcome?.is === 'deferred', JSON.stringify(outcome))
    assert.match(outcome.because, /answered 250 before the message had ended/)
    await server.close()
  })

  test('QUIT waits for nobody longer than three seconds', { timeout: 10_000 }, async () => {
    const server = await serveScripts([...PIPED, 'C: QUIT', 'WAIT 3000', 'GONE'])
    const conversation = (await openConversation(optionsFor(server))) as Conversation
    conversation.close()
    assert.equal(conversation.isOpen, false)
    await server.played
    assert.deepEqual(server.wrong, [])
    await server.close()
  })
})
