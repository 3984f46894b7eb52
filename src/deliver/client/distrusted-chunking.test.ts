import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Conversation } from '../contract.ts'
import { distrustChunking, isChunkingDistrusted } from './distrusted-chunking.ts'
import { openConversation } from './open-conversation.ts'
import { envelopeOf, optionsFor, serveScripts } from './testing.ts'

const HELLO = ['S: 220 mx', 'C: EHLO out.example', 'S: 250-mx', 'S: 250-PIPELINING', 'S: 250 CHUNKING']
const MAIL = 'C: MAIL FROM:<a@near.example>'
const RCPT = 'C: RCPT TO:<x@far.example>'
const BODY = ['C: Subject: hi', 'C:', 'C: hi']

test('a server that offers CHUNKING and does not know BDAT gets the message by DATA the next time', async () => {
  const server = await serveScripts(
    [
      ...HELLO,
      MAIL,
      RCPT,
      'C: BDAT 19 LAST',
      ...BODY,
      'S: 250 ok',
      'S: 250 ok',
      'S: 502 5.5.1 what',
      'S: 500 Subject:',
      'GONE',
    ],
    [
      ...HELLO,
      MAIL,
      RCPT,
      'C: DATA',
      'S: 250 ok',
      'S: 250 ok',
      'S: 354 go',
      ...BODY,
      'C: .',
      'S: 250 ok',
      'C: QUIT',
      'S: 221 bye',
    ],
  )
  const first = (await openConversation(optionsFor(server))) as Conversation
  const [trouble] = await first.send(envelopeOf())
  assert.ok(trouble?.is === 'deferred' && trouble.status === '4.5.1', JSON.stringify(trouble))
  assert.equal(first.isOpen, false)
  const second = (await openConversation(optionsFor(server))) as Conversation
  assert.equal((await second.send(envelopeOf()))[0]?.is, 'delivered')
  second.close()
  await server.played
  assert.deepEqual(server.wrong, [])
  await server.close()
})

test('a thousand servers are remembered at most', () => {
  for (let number = 0; number < 1200; number++) distrustChunking(`192.0.2.${number}`)
  assert.deepEqual([isChunkingDistrusted('192.0.2.199'), isChunkingDistrusted('192.0.2.200')], [false, true])
})
