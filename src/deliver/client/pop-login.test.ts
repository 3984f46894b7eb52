import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import type { TlsRequirement } from '../contract.ts'
import { checkCertificate } from '../tls/certificate.ts'
import { type PopLoginOptions, popLogin } from './pop-login.ts'
import { optionsFor, type Script, serveScripts } from './testing.ts'

const login = { user: 'user', password: 'correct horse' }
const STAMP = '<1896.697170952@dbc.mtview.ca.us>'
const DIGEST = createHash('md5').update(`${STAMP}${login.password}`).digest('hex')
const NO_STLS = ['C: STLS', 'S: -ERR what'] as const
const USER = ['C: USER user', 'S: +OK', 'C: PASS correct horse', 'S: +OK'] as const
const REST = ['C: STAT', 'S: +OK 0 0', 'C: QUIT', 'S: +OK'] as const
const REQUIRED: TlsRequirement = { mode: 'required', by: 'settings', names: [] }

/** The result is undefined when it went well, else a part of the sentence. */
const ROWS: readonly (readonly [name: string, script: Script, options: Partial<PopLoginOptions>, result?: RegExp])[] = [
  ['USER and PASS, on this machine', ['S: +OK pop', ...NO_STLS, ...USER, ...REST], {}],
  ['APOP (RFC 1939 §7)', [`S: +OK ready ${STAMP}`, ...NO_STLS, `C: APOP user ${DIGEST}`, 'S: +OK', ...REST], {}],
  ['STLS (RFC 2595 §4)', ['S: +OK pop', 'C: STLS', 'S: +OK go', 'TLS', ...USER, ...REST], {}],
  ['TLS from the first byte', ['TLS', 'S: +OK pop', ...USER, ...REST], { implicitTls: true }],
  [
    'no STLS, and TLS required',
    ['S: +OK pop', ...NO_STLS, 'C: QUIT', 'S: +OK'],
    { tls: REQUIRED },
    /answered -ERR "what" to STLS/,
  ],
  [
    'a certificate nobody vouches for',
    ['S: +OK pop', 'C: STLS', 'S: +OK go', 'TLS', 'GONE'],
    { tls: { ...REQUIRED, mode: 'verified', names: ['mx.far.example'] } },
    /is not who settings asks for/,
  ],
  [
    'a wrong password',
    [
      'S: +OK pop',
      ...NO_STLS,
      'C: USER user',
      'S: +OK',
      'C: PASS correct horse',
      'S: -ERR [AUTH] wrong: correct horse',
      'C: QUIT',
      'S: +OK',
    ],
    {},
    /answered -ERR "what we sent" to PASS/,
  ],
  [
    'APOP refused',
    [`S: +OK ${STAMP}`, ...NO_STLS, `C: APOP user ${DIGEST}`, 'S: -ERR no', 'C: QUIT', 'S: +OK'],
    {},
    /answered -ERR "no" to APOP/,
  ],
  [
    'a name that would break the line',
    ['S: +OK pop', ...NO_STLS, 'C: QUIT', 'S: +OK'],
    { login: { user: 'a\r\nDELE 1', password: 'x' } },
    /line break/,
  ],
  ['refused', ['S: -ERR busy', 'C: QUIT', 'S: +OK'], {}, /answered -ERR "busy" to our connection/],
  [
    'injection before TLS',
    ['S: +OK pop', 'C: STLS', 'S| +OK go\\r\\n+OK\\r\\n', 'GONE'],
    {},
    /sent more than its answer to STLS/,
  ],
  ['another protocol', ['S: 220 mx', 'GONE'], {}, /a line that is no reply/],
  ['an endless line', ['FLOOD xxxxxxxxxxxxxxxx'], {}, /answered with more than 64 KiB/],
  ['no answer', ['WAIT 120000', 'GONE'], {}, /did not answer within 120 seconds/],
  [
    'answers that drip: five minutes for all of it',
    [
      'WAIT 110000',
      'S: +OK pop',
      'C: STLS',
      'WAIT 110000',
      'S: -ERR no',
      `C: USER ${login.user}`,
      'WAIT 84999',
      'S: +OK',
      `C: PASS ${login.password}`,
      'WAIT 1',
      'GONE',
    ],
    {},
    /took more than 300 seconds in all before it answered PASS/,
  ],
  ['closed', ['FIN', 'GONE'], {}, /closed the connection/],
]

describe('POP3 before SMTP', () => {
  for (const [name, script, options, result] of ROWS) {
    test(name, { timeout: 20_000 }, async () => {
      const server = await serveScripts(script)
      try {
        const trouble = await popLogin({ ...optionsFor(server, { checkCertificate }), login, ...options })
        if (result === undefined) assert.equal(trouble, undefined)
        else {
          assert.ok(trouble !== undefined)
          assert.deepEqual(
            [trouble.is, trouble.status, trouble.stage, trouble.scope],
            ['deferred', '4.7.0', 'login', 'server'],
          )
          assert.match(trouble.because, result)
          assert.ok(!trouble.because.includes(login.password))
        }
        await server.played
        assert.deepEqual(server.wrong, [])
      } finally {
        await server.close()
      }
    })
  }
})
