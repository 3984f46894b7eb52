import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSrs } from '#base/srs.ts'
import type { Resolution } from '#directory/contract.ts'
import { settingsOf } from '#settings/testing.ts'
import type { QueueEntry } from '#store/contract.ts'
import { deliverLocally } from './local.ts'

const NOW_MS = Date.UTC(2026, 0, 1)
const SRS = createSrs(Buffer.from('a secret of this server'))
const ENTRY: QueueEntry = {
  id: 1,
  messageId: 7,
  decision: 70,
  sender: 'eve@far.example',
  recipient: 'away@here.example',
  domain: 'here.example',
  origin: '',
  sizeBytes: 11,
  createdAtMs: 0,
  attempts: 0,
}

type Local = Extract<Resolution, { readonly is: 'local' }>
const MAILBOX = { mailboxId: 5, user: 'bob@here.example' }

function leadsTo(external: readonly string[], more: Partial<Local> = {}): Local {
  return { is: 'local', mailboxes: [], external, steps: [], ...more }
}

/** What came of it on a line for each end: the mailboxes, and who gets it on with which reverse path and NOTIFY. */
async function became(entry: Partial<QueueEntry>, resolution: Resolution, yaml = ''): Promise<readonly string[]> {
  const outcome = await deliverLocally(
    { ...ENTRY, ...entry },
    {
      settings: () => settingsOf(yaml),
      directory: { resolve: () => resolution, isLocalDomain: (domain) => domain === 'here.example' },
      srs: SRS,
    },
    NOW_MS,
  )
  if (outcome.is !== 'placed') return 'status' in outcome ? [`${outcome.is} ${outcome.status}`] : [outcome.is]
  return [
    ...outcome.mailboxIds.map(String),
    ...(outcome.forwards ?? []).map(({ recipient, returnPath, notify }) =>
      [recipient, returnPath?.replace(/=[A-Z2-7]{4,8}=[A-Z2-7]{2}=/, '=…='), notify].filter(Boolean).join(' '),
    ),
  ]
}

const ONE = leadsTo(['me@home.example'])
const TWO = leadsTo(['a@home.example', 'b@home.example'])
const COPY = leadsTo(['me@home.example'], { mailboxes: [MAILBOX] })
const BOUNCES = leadsTo(['eve@far.example'], { bouncesOnly: true })

const ROWS: readonly (readonly [string, Partial<QueueEntry>, Resolution, readonly string[], string?])[] = [
  ['a forward, in the domain that forwards', {}, ONE, ['me@home.example SRS0=…=far.example=eve@here.example']],
  ['our own sender', { sender: 'ann@here.example' }, ONE, ['me@home.example']],
  ['the null sender', { sender: '' }, ONE, ['me@home.example']],
  [
    'a sender that was rewritten before',
    { returnPath: 'SRS0=x@here.example' },
    ONE,
    ['me@home.example SRS0=x@here.example'],
  ],
  ['switched off', {}, ONE, ['me@home.example'], 'delivery: { srs: false }'],
  // RFC 3461 §5.2.7
  ['success, one end', { sender: '', notify: 'SUCCESS' }, ONE, ['me@home.example SUCCESS']],
  [
    'success, several ends',
    { sender: '', notify: 'SUCCESS,FAILURE' },
    TWO,
    ['a@home.example FAILURE', 'b@home.example FAILURE'],
  ],
  ['success alone, a mailbox among the ends', { sender: '', notify: 'SUCCESS' }, COPY, ['5', 'me@home.example NEVER']],
  // SRS addresses
  ['a bounce to what stands for a sender', { sender: '' }, BOUNCES, ['eve@far.example']],
  ['other mail to it', {}, BOUNCES, ['failed 5.1.1']],
  ['other mail to it, forwarded', { sender: '', returnPath: 'x@far.example' }, BOUNCES, ['failed 5.1.1']],
]

for (const [name, entry, resolution, wanted, yaml] of ROWS) {
  test(name, async () => assert.deepEqual(await became(entry, resolution, yaml), wanted))
}

test('what the message wishes goes on with it', async () => {
  const wishes = {
    ret: 'HDRS',
    envid: 'e',
    body: '8BITMIME',
    smtputf8: true,
    tlsOptional: true,
    ip: '192.0.2.1',
  } as const
  const outcome = await deliverLocally(
    { ...ENTRY, ...wishes },
    { settings: () => settingsOf(''), directory: { resolve: () => ONE, isLocalDomain: () => false } },
    NOW_MS,
  )
  assert.deepEqual(outcome, { is: 'placed', mailboxIds: [], forwards: [{ ...wishes, recipient: 'me@home.example' }] })
})
