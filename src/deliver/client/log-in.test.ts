import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Login } from '../contract.ts'
import { openConversation } from './open-conversation.ts'
import { optionsFor, type Script, serveScripts } from './testing.ts'

const ACCOUNT: Login = { user: 'relay@near.example', password: 'correct horse' }
const PLAIN = Buffer.from(`\0${ACCOUNT.user}\0${ACCOUNT.password}`).toString('base64')
const USER = Buffer.from(ACCOUNT.user).toString('base64')
const PASSWORD = Buffer.from(ACCOUNT.password).toString('base64')

function offering(mechanisms: string): Script {
  return ['S: 220 mx', 'C: EHLO out.example', 'S: 250-mx', `S: 250 AUTH ${mechanisms}`]
}
const TLS = [
  'S: 220 mx',
  'C: EHLO out.example',
  'S: 250-mx',
  'S: 250 STARTTLS',
  'C: STARTTLS',
  'S: 220 go',
  'TLS',
  'C: EHLO out.example',
  'S: 250-mx',
  'S: 250 AUTH PLAIN',
]
const QUIT = ['C: QUIT', 'S: 221 bye'] as const

/** The result is `open`, or status and a part of the sentence. The server is on this machine, so PLAIN may be used. */
const ROWS: readonly (readonly [name: string, script: Script, result: string, login?: Login])[] = [
  ['PLAIN', [...offering('LOGIN PLAIN'), `C: AUTH PLAIN ${PLAIN}`, 'S: 235 2.7.0 welcome', ...QUIT], 'open'],
  ['PLAIN under TLS', [...TLS, `C: AUTH PLAIN ${PLAIN}`, 'S: 235 2.7.0 welcome', ...QUIT], 'open'],
  [
    'LOGIN',
    [
      ...offering('LOGIN'),
      'C: AUTH LOGIN',
      'S: 334 VXNlcm5hbWU6',
      `C: ${USER}`,
      'S: 334 UGFzc3dvcmQ6',
      `C: ${PASSWORD}`,
      'S: 235 ok',
      ...QUIT,
    ],
    'open',
  ],
  [
    'a refused password is ours to mend: deferred',
    [...offering('PLAIN'), `C: AUTH PLAIN ${PLAIN}`, 'S: 535 5.7.8 wrong password', 'GONE'],
    '4.7.8 answered 535 5.7.8 "wrong password" to AUTH PLAIN as "relay@near.example"',
  ],
  [
    '534: the next mechanism',
    [
      ...offering('PLAIN LOGIN'),
      `C: AUTH PLAIN ${PLAIN}`,
      'S: 534 5.7.9 too weak',
      'C: AUTH LOGIN',
      'S: 334 VXNlcm5hbWU6',
      `C: ${USER}`,
      'S: 334 UGFzc3dvcmQ6',
      `C: ${PASSWORD}`,
      'S: 235 ok',
      ...QUIT,
    ],
    'open',
  ],
  [
    '504, and no other',
    [...offering('PLAIN'), `C: AUTH PLAIN ${PLAIN}`, 'S: 504 5.5.4 no', 'GONE'],
    '4.5.4 answered 504',
  ],
  [
    'no AUTH',
    ['S: 220 mx', 'C: EHLO out.example', 'S: 250 mx', 'GONE'],
    '4.7.0 offers no login: we cannot log in as "relay@near.example"',
  ],
  ['none that we know', [...offering('GSSAPI NTLM'), 'GONE'], '4.7.0 offers logins by GSSAPI, NTLM alone'],
  [
    'a server that repeats what it hears',
    [...offering('PLAIN'), `C: AUTH PLAIN ${PLAIN}`, `S: 500 unknown command: AUTH PLAIN ${PLAIN}`, 'GONE'],
    '4.0.0 answered 500 "what we sent" to AUTH PLAIN',
  ],
  [
    'a server that repeats the password',
    [
      ...offering('LOGIN'),
      'C: AUTH LOGIN',
      'S: 334 VXNlcm5hbWU6',
      `C: ${USER}`,
      'S: 334 UGFzc3dvcmQ6',
      `C: ${PASSWORD}`,
      `S: 502 what is ${PASSWORD}`,
      'GONE',
    ],
    '4.0.0 answered 502 "what we sent"',
  ],
  [
    'a server that repeats the password in the clear',
    [...offering('PLAIN'), `C: AUTH PLAIN ${PLAIN}`, `S: 535 ${ACCOUNT.password} is wrong`, 'GONE'],
    '4.0.0 answered 535 "what we sent"',
  ],
  [
    'a server that asks on and on',
    [
      ...offering('LOGIN'),
      'C: AUTH LOGIN',
      'S: 334 x',
      `C: ${USER}`,
      'S: 334 x',
      `C: ${PASSWORD}`,
      'S: 334 x',
      'C: *',
      'GONE',
    ],
    '4.7.0 failed to log us in by LOGIN',
  ],
  [
    'SCRAM: success without proof is none',
    [...offering('SCRAM-SHA-256'), 'READ 20', 'S: 235 welcome', 'GONE'],
    '4.7.0 did not prove that it knows the password',
  ],
  [
    'a long first message waits until it is asked for',
    [
      ...offering('PLAIN'),
      'C: AUTH PLAIN',
      'S: 334 ',
      `C: ${Buffer.from(`\0u\0${'p'.repeat(500)}`).toString('base64')}`,
      'S: 235 ok',
      ...QUIT,
    ],
    'open',
    { user: 'u', password: 'p'.repeat(500) },
  ],
  [
    'lost',
    [...offering('PLAIN'), `C: AUTH PLAIN ${PLAIN}`, 'FIN', 'GONE'],
    '4.4.2 closed the connection during AUTH PLAIN',
  ],
  [
    'more than the answer',
    [...offering('PLAIN'), `C: AUTH PLAIN ${PLAIN}`, 'S| 235 ok\\r\\n250 ok\\r\\n', 'GONE'],
    '4.5.0 sent more than it was asked for',
  ],
]

describe('login at a relay server', () => {
  for (const [name, script, result, login = ACCOUNT] of ROWS) {
    test(name, { timeout: 10_000 }, async () => {
      const server = await serveScripts(script)
      try {
        const opened = await openConversation(optionsFor(server, { login }))
        if ('is' in opened) {
          const { is, scope, status, because, stage } = opened.trouble
          assert.deepEqual([is, scope, stage], ['deferred', 'server', 'login'])
          const [wantedStatus, ...sentence] = result.split(' ')
          assert.equal(status, wantedStatus, because)
          assert.ok(because.includes(sentence.join(' ')), because)
          for (const secret of [login.password, PLAIN, PASSWORD]) assert.ok(!JSON.stringify(opened).includes(secret))
        } else {
          assert.equal('open', result)
          opened.close()
        }
        await server.played
        assert.deepEqual(server.wrong, [])
      } finally {
        await server.close()
      }
    })
  }
})
