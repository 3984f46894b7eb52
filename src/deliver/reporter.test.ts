import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '#base/clock.ts'
import { Fault } from '#base/fault.ts'
import type { Resolution } from '#directory/contract.ts'
import type { Outcome, Report } from '#queue/contract.ts'
import type { MessageStore, NewMessage, QueueEntry } from '#store/contract.ts'
import { createArrivalReporter, createReporter } from './reporter.ts'

const NOW_MS = Date.UTC(2026, 10, 24, 8, 30)

const ENTRY: QueueEntry = {
  id: 1,
  messageId: 7,
  decision: 42,
  recipient: 'bob@far.example',
  domain: 'far.example',
  origin: '',
  sender: 'ann@here.example',
  sizeBytes: 100,
  createdAtMs: NOW_MS - 3_600_000,
  attempts: 0,
}

const FAILED: Outcome = {
  is: 'failed',
  status: '5.1.1',
  because: 'the recipient was refused',
  stage: 'rcpt',
  scope: 'recipient',
  reply: { code: 550, status: '5.1.1', text: 'No such user' },
  hop: { host: 'mx.far.example', ip: '192.0.2.1', port: 25 },
}

/** Where senders end: by their local part. */
function resolve(address: string): Resolution {
  const steps: Resolution['steps'] = []
  const mailbox = { mailboxId: 1, user: 'ann@here.example' }
  switch (address.split('@')[0]) {
    case 'ann':
      return { is: 'local', mailboxes: [mailbox, mailbox], external: [], steps }
    case 'away':
      return { is: 'local', mailboxes: [mailbox], external: ['ann@home.example'], steps }
    case 'full':
      return { is: 'local', mailboxes: [mailbox], external: [], full: 'ann@here.example', steps }
    case 'gone':
      return { is: 'nobody', steps }
    case 'off':
      return { is: 'disabled', steps }
    case 'ring':
      return { is: 'loop', by: address, steps }
    case 'trouble':
      throw new Fault('Cannot read the directory: the disk is away', { temporary: true })
    default:
      return { is: 'external', domain: 'far.example', steps }
  }
}

const parts = {
  directory: { resolve },
  hostname: () => 'mail.here.example',
  settings: () => ({ queue: { language: 'en' } as never }),
  clock: new ManualClock(NOW_MS),
  nextReference: () => ({ id: 99, ref: 'NEWREF00' }),
}

/** Have a report written over these pieces of the message. */
function write(
  entries: readonly { readonly entry?: Partial<QueueEntry>; readonly outcome?: Outcome; readonly untilMs?: number }[],
  kind: Report['kind'] = 'failed',
  read: MessageStore['read'] = () => [Buffer.from('Subject: hi\r\n\r\nbody\r\n')],
): Promise<NewMessage | undefined> {
  const report = createReporter({ ...parts, messages: { read }, referenceOf: (decision) => `REF${decision}` })
  return report({
    kind,
    entries: entries.map(({ entry, outcome = FAILED, untilMs }) => ({
      entry: { ...ENTRY, ...entry },
      outcome,
      ...(untilMs !== undefined && { untilMs }),
    })),
  })
}

function textOf(message: NewMessage | undefined): string {
  return Buffer.from((message?.body ?? new Uint8Array(0)) as Uint8Array).toString('utf8')
}

test('a report goes to where its reader is', async () => {
  const cases: readonly (readonly [sender: string, mailboxes: readonly number[], elsewhere: readonly string[]])[] = [
    ['ann@here.example', [1], []],
    ['away@here.example', [1], ['ann@home.example']],
    ['full@here.example', [1], []],
    ['eve@far.example', [], ['eve@far.example']],
    ['trouble@here.example', [], ['trouble@here.example']],
  ]
  for (const [sender, mailboxes, elsewhere] of cases) {
    const message = await write([{ entry: { sender } }])
    assert.equal(message?.sender, '', sender)
    assert.deepEqual(message?.mailboxIds, mailboxes, sender)
    assert.deepEqual(
      message?.queue,
      elsewhere.map((recipient) => ({ recipient, notify: 'NEVER' })),
      sender,
    )
    assert.match(textOf(message), new RegExp(`^To: <${sender}>\r$`, 'm'))
    assert.deepEqual(message?.record.recipients, [sender])
    assert.equal(message?.record.service, 'report')
  }
})

test('nobody is told where nobody is to be told', async () => {
  for (const sender of ['', 'gone@here.example', 'off@here.example', 'ring@here.example']) {
    assert.equal(await write([{ entry: { sender } }]), undefined, sender)
  }
  assert.equal(await write([]), undefined)
})

test('a report on something forwarded goes to its sender, not to the address that was rewritten', async () => {
  const message = await write([
    { entry: { sender: 'eve@far.example', returnPath: 'SRS0=x=y=far.example=eve@here.example' } },
  ])
  assert.deepEqual(
    message?.queue.map(({ recipient }) => recipient),
    ['eve@far.example'],
  )
})

test('each outcome is told as it was', async () => {
  const hop = { host: 'mx.far.example', port: 25 }
  const delivered: Outcome = { is: 'delivered', hop, reply: { code: 250, text: 'Ok' }, passedDsn: false }
  const deferred: Outcome = { is: 'deferred', status: '4.4.1', because: 'no answer', stage: 'connect', scope: 'server' }
  const cases: readonly (readonly [Report['kind'], Outcome, RegExp])[] = [
    [
      'failed',
      FAILED,
      /Action: failed\r\nStatus: 5\.1\.1\r\nRemote-MTA: dns; mx\.far\.example\r\nDiagnostic-Code: smtp; 550/,
    ],
    [
      'relayed',
      delivered,
      /Action: relayed\r\nStatus: 2\.0\.0\r\nRemote-MTA: dns; mx\.far\.example\r\nDiagnostic-Code: smtp; 250/,
    ],
    ['delivered', { is: 'placed', mailboxIds: [1] }, /Action: delivered\r\nStatus: 2\.0\.0\r\nLast-Attempt-Date/],
    [
      'delayed',
      deferred,
      /Action: delayed\r\nStatus: 4\.4\.1\r\nDiagnostic-Code: x-postern; no answer\r\n[\s\S]*Will-Retry-Until: Wed, 25/,
    ],
  ]
  for (const [kind, outcome, expected] of cases) {
    const message = await write([{ outcome, untilMs: NOW_MS + 86_400_000 }], kind)
    assert.match(textOf(message), expected, kind)
  }
  const both = textOf(await write([{}, { entry: { recipient: 'carol@far.example', orcpt: 'rfc822;c@x' } }]))
  assert.match(
    both,
    /Final-Recipient: rfc822; bob@far\.example[\s\S]*Original-Recipient: rfc822; c@x\r\nFinal-Recipient: rfc822; carol@far\.example/,
  )
  assert.match(both, /^Reference: REF42\r$/m)
  assert.match(both, /^Message-ID: <NEWREF00@mail\.here\.example>\r$/m)
})

test('the message itself: bounded, and missed by nobody when it cannot be read', async () => {
  const long = { header: Buffer.from('Subject: hi\r\n\r\n'), piece: Buffer.alloc(64_000, 'x\r\n') }
  let taken = 0
  function* endless() {
    yield long.header
    for (; ; taken++) yield long.piece
  }
  const cases: readonly (readonly [string, Partial<QueueEntry>, MessageStore['read'], RegExp])[] = [
    [
      'RET=FULL',
      { ret: 'FULL' },
      () => [long.header, Buffer.from('body\r\n')],
      /message\/rfc822\r\n[\s\S]*\r\n\r\nbody\r\n/,
    ],
    [
      'RET=HDRS',
      { ret: 'HDRS' },
      () => [long.header, Buffer.from('body\r\n')],
      /text\/rfc822-headers\r\n[\s\S]*Subject: hi\r\n/,
    ],
    ['no RET', {}, () => [long.header, Buffer.from('body\r\n')], /text\/rfc822-headers/],
    [
      'RFC 8689 §5',
      { ret: 'FULL', requireTls: true },
      () => [long.header, Buffer.from('b\r\n')],
      /text\/rfc822-headers/,
    ],
    ['endless', { ret: 'FULL' }, () => endless(), /text\/rfc822-headers/],
    ['gone', { ret: 'FULL' }, () => undefined, /Final-Log-ID: REF42\r\n\r\n--[^\r]*--\r\n$/],
    [
      'unreadable',
      {},
      () => Promise.reject(new Fault('the disk is away', { temporary: true })),
      /Final-Log-ID: REF42\r\n\r\n--[^\r]*--\r\n$/,
    ],
  ]
  for (const [name, entry, read, expected] of cases) {
    assert.match(textOf(await write([{ entry }], 'failed', read)), expected, name)
  }
  assert.ok(taken <= 2, `${taken} pieces taken`)
})

test('what the way of a report must be able to carry', async () => {
  const utf8 = () => [Buffer.from('Subject: ž\r\n\r\n')]
  const cases: readonly (readonly [string, Partial<QueueEntry>, MessageStore['read'], object])[] = [
    ['ASCII', { sender: 'eve@far.example' }, () => undefined, {}],
    ['a header in UTF-8', { sender: 'eve@far.example' }, utf8, { body: '8BITMIME' }],
    ['an address in UTF-8', { sender: 'žofie@far.example' }, () => undefined, { body: '8BITMIME', smtputf8: true }],
    ['REQUIRETLS', { sender: 'eve@far.example', requireTls: true }, () => undefined, { requireTls: true }],
  ]
  for (const [name, entry, read, expected] of cases) {
    const message = await write([{ entry }], 'failed', read)
    assert.deepEqual(message?.queue, [{ recipient: entry.sender, notify: 'NEVER', ...expected }], name)
  }
})

test('the receiver has a success reported', async () => {
  const report = createArrivalReporter(parts)
  const message = await report({
    kind: 'expanded',
    sender: 'ann@here.example',
    arrivalMs: NOW_MS,
    ref: 'REF7',
    envid: 'Q1',
    recipients: [{ recipient: 'team@here.example', orcpt: 'rfc822;t@x' }],
    head: Buffer.from('Subject: hi\r\n\r\nbody'),
  })
  assert.match(
    textOf(message),
    /Original-Recipient: rfc822; t@x\r\nFinal-Recipient: rfc822; team@here\.example\r\nAction: expanded\r\nStatus: 2\.1\.5/,
  )
  assert.match(textOf(message), /Original-Envelope-Id: Q1\r\n[\s\S]*\r\n\r\nSubject: hi\r\n\r\n--/)
})
