/** The commands of the queue against the administration of a real store, and of a thread that delivers as it is told. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import type { AdminParts } from '#admin/parts.ts'
import { createReferences, type References } from '#base/reference.ts'
import { formatStory } from '#gate/story.ts'
import { addAnswer, formatStory as formatEnding } from '#queue/answers.ts'
import { defaultSettings } from '#settings/snapshot.ts'
import type { NewQueueEntry, Store } from '#store/contract.ts'
import { openStore } from '#store/sqlite/open.ts'
import { type StoreWriter, startWriter } from '#store/sqlite/start.ts'
import { createFakeKeepers, type FakeKeepers, openShell, type Shell } from './testing-admin.ts'

const MINUTE_MS = 60_000

let dataDir: string
let writer: StoreWriter
let store: Store
let references: References
let keepers: FakeKeepers
let shell: Shell
const faults: string[] = []

before(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'postern-'))
  const file = join(dataDir, 'postern.db')
  writer = await startWriter({ file })
  store = openStore({ file, port: writer.connect(), directoryChanges: writer.directoryChanges })
  references = createReferences(await store.decisions.key())
})

beforeEach(async () => {
  await shell?.close()
  await store.queue.remove({}, { atMs: 0, story: '' })
  for (const { domain } of await store.queue.paused()) await store.queue.resume(domain)
  keepers = createFakeKeepers()
  shell = await openShell({
    ...keepers.parts,
    version: '1.2.3',
    dataDir,
    store,
    references,
    settings: { current: () => ({ version: 1, settings: defaultSettings() }) },
    events: { faulted: ({ what, error }: { what: string; error: unknown }) => void faults.push(`${what}: ${error}`) },
  } as unknown as AdminParts)
})

after(async () => {
  await shell?.close()
  await store?.close()
  await writer?.close()
  rmSync(dataDir, { recursive: true, force: true })
  assert.deepEqual(faults, [])
})

/** Keep a message for these; gives the numbers of the entries, and the decision that took it. */
async function enqueue(
  sender: string,
  queue: readonly NewQueueEntry[],
  body = 'Subject: x\r\n\r\nx\r\n',
): Promise<{ ids: readonly number[]; decision: number }> {
  const [decision, atMs] = [await store.decisions.reserve(1), keepers.clock.nowMs()]
  await store.messages.accept({
    sender,
    receivedAtMs: atMs,
    trace: Buffer.from('Received: from a client\r\n\tby us\r\n'),
    body: Buffer.from(body),
    mailboxIds: [],
    queue,
    record: {
      id: decision,
      atMs,
      outcome: 'accepted',
      service: 'submission',
      ip: '198.51.100.7',
      sender,
      recipients: queue.map(({ recipient }) => recipient),
      reply: '250 2.0.0 Ok',
      story: formatStory({ findings: [] }),
    },
  })
  const entries = await store.queue.find({}, { limit: 1000 })
  return { ids: entries.filter((entry) => entry.decision === decision).map(({ id }) => id), decision }
}

/** The IDs that a list shows, in its order. */
async function listed(options = ''): Promise<readonly number[]> {
  const { items } = await shell.json<{ items: { id: number }[] }>(`queue list ${options}`)
  return items.map(({ id }) => id)
}

const busy = {
  is: 'deferred',
  status: '4.7.1',
  because: 'mx.far.example refused the recipient for now',
  stage: 'rcpt',
  scope: 'recipient',
  reply: { code: 451, status: '4.7.1', text: 'Later' },
} as const

/** Have an entry wait. */
async function defer(id: number, dueInMs: number, attempts = 1): Promise<void> {
  const nowMs = keepers.clock.nowMs()
  const answers = addAnswer(undefined, busy, nowMs)
  await store.queue.settle(
    [{ id, next: { is: 'waiting', dueAtMs: nowMs + dueInMs, attempts, warned: false, answers } }],
    [],
  )
}

test('the list tells who sent what, when it is tried next, and what the last answer was', async () => {
  assert.equal(await shell.done('queue list'), 'Nothing waits.\n')
  const user = { user: 'anna@here.example', ip: '198.51.100.7' }
  const { ids } = await enqueue('anna@here.example', [
    { recipient: 'a@far.example', ...user },
    { recipient: 'b@far.example', ...user },
    { recipient: 'c@slow.example', ...user },
    { recipient: 'd@paused.example', ip: '192.0.2.9' },
  ])
  await enqueue('', [{ recipient: 'e@far.example' }])
  const [a = 0, b = 0, c = 0, d = 0] = ids
  await store.queue.hold({ ids: [a] })
  await defer(b, 12 * MINUTE_MS, 3)
  keepers.desk.running.push({
    ids: [c],
    sender: 'anna@here.example',
    recipients: ['c@slow.example'],
    recipientCount: 3,
    messageId: 1,
    sizeBytes: 1000,
    sentBytes: 250,
    stage: 'message',
    host: 'mx.slow.example',
    ip: '192.0.2.1',
    elapsedMs: 90_000,
  })
  await shell.done('queue pause paused.example')

  const out = await shell.done('queue list')
  const [top, , headings, ...rows] = out.trimEnd().split('\n')
  assert.match(top ?? '', /^5 recipients wait, \d+B in all; 1 held$/)
  assert.match(headings ?? '', /^ID +SINCE +NEXT TRY +SIZE +SENDER +RECIPIENT +USER +CLIENT +TRIES +LAST ANSWER$/)
  const says: readonly RegExp[] = [
    /2026-11-24T12:00:00\.000Z +held +\d+B +anna@here\.example +a@far\.example +anna@here\.example +198\.51\.100\.7 +0 +-$/,
    / in 12m +.* b@far\.example .* 3 +mx\.far\.example refused the recipient for now \(it said: 451 4\.7\.1 Later\)$/,
    / running .* c@slow\.example /,
    / paused .* d@paused\.example +- +192\.0\.2\.9 /,
    / now +\d+B +<> +e@far\.example +- +- +0 +-$/,
  ]
  assert.equal(rows.length, says.length)
  for (const [index, each] of says.entries()) assert.match(rows[index] ?? '', each)

  assert.match(
    await shell.done('queue running'),
    new RegExp(
      `^${c} +anna@here\\.example +c@slow\\.example and 2 more +1000B +message +mx\\.slow\\.example \\[192\\.0\\.2\\.1\\] +1m 30s +25%$`,
      'm',
    ),
  )
  assert.match(await shell.done(`queue show ${d}`), /^Next try +paused: mail to paused\.example is stopped since /m)
})

test('the list is searched, sorted and paged', async () => {
  const { ids } = await enqueue('anna@here.example', [
    { recipient: 'zoe@far.example', user: 'anna@here.example', ip: '198.51.100.7' },
    { recipient: 'max@far.example', user: 'ben@here.example' },
    { recipient: 'max@near.example' },
  ])
  const [zoe = 0, max = 0, near = 0] = ids
  const { ids: reports } = await enqueue(
    '',
    [{ recipient: 'max@far.example' }],
    `Subject: long\r\n\r\n${'x'.repeat(5000)}\r\n`,
  )
  const [report = 0] = reports
  await store.queue.hold({ ids: [max] })
  await defer(near, MINUTE_MS, 7)
  const rows: readonly [string, readonly number[]][] = [
    ['', [zoe, max, near, report]],
    ['--sender "<>"', [report]],
    ['--sender "anna@*"', [zoe, max, near]],
    ['--recipient "max@*"', [max, near, report]],
    ['--recipient "MAX@FAR.example"', [max, report]],
    ['--domain near.example', [near]],
    ['--user "*@here.example"', [zoe, max]],
    ['--user Ben@here.example', [max]],
    ['--ip 198.51.100.7', [zoe]],
    ['--ip "198.51.*"', [zoe]],
    ['--ip 198.51.100.8', []],
    ['--held', [max]],
    ['--waiting', [zoe, near, report]],
    ['--desc', [report, near, max, zoe]],
    ['--sort size --desc --limit 1', [report]],
    ['--sort attempts --desc --limit 1', [near]],
    ['--sort due --desc --limit 1', [near]],
    ['--sort sender --limit 1', [report]],
    ['--sort recipient', [max, report, near, zoe]],
    ['--offset 1 --limit 2', [max, near]],
  ]
  for (const [options, wanted] of rows) assert.deepEqual(await listed(options), wanted, options)
  assert.match(await shell.done('queue list --limit 1'), /^4 recipients wait[\s\S]*1 are shown; see others/)
  const slips: readonly [string, RegExp][] = [
    ['--sort age', /Cannot use --sort "age": expected id, due, size/],
    ['--held --waiting', /Say either --held or --waiting/],
    ['--recipient anna', /Cannot read "anna": expected an address/],
    ['--ip nowhere', /Cannot read "nowhere": expected an IP address/],
    ['--offset x', /Cannot use --offset "x"/],
    ['--limit 100001', /1 to 100000/],
  ]
  for (const [options, says] of slips) await shell.refused(`queue list ${options}`, says)
})

test('one entry is shown whole, and what others wrote stays data', async () => {
  const hostile =
    'From: \u001b[2JAnna\r\n\t<anna@here.example>\r\nSubject: \u202eolleh\r\nTo: b@far.example\r\n\r\nFrom: the body\r\n'
  const { ids, decision } = await enqueue(
    'anna@here.example',
    [
      {
        recipient: 'b@far.example',
        user: 'anna@here.example',
        ip: '198.51.100.7',
        notify: 'FAILURE,DELAY',
        orcpt: 'rfc822;b@far.example',
        ret: 'HDRS',
        requireTls: true,
        returnPath: 'SRS0=x@here.example',
      },
    ],
    hostile,
  )
  const [id = 0] = ids
  await defer(id, 12 * MINUTE_MS)
  keepers.desk.way = {
    route: 'by MX',
    hosts: ['mx.far.example'],
    tls: 'verified, by REQUIRETLS',
    trouble: 'x\u001b]0;\u0007',
  }
  keepers.desk.domains.push({
    domain: 'far.example',
    underWay: 2,
    window: 4,
    waiting: 1,
    down: { forMs: MINUTE_MS, because: 'nobody answered' },
  })
  const out = await shell.done(`queue show ${id}`)
  const says: readonly RegExp[] = [
    /^Sender +anna@here\.example$/m,
    /^Return path +SRS0=x@here\.example$/m,
    /^Sent by +anna@here\.example, from 198\.51\.100\.7$/m,
    /^Asked for +NOTIFY=FAILURE,DELAY ORCPT=rfc822;b@far\.example RET=HDRS REQUIRETLS$/m,
    /^Next try +2026-11-24T12:12:00\.000Z \(in 12m\)$/m,
    /^Kept until +2026-11-26T12:00:00\.000Z$/m,
    new RegExp(`^Came in by +postern explain ${references.format(decision)}$`, 'm'),
    /^TLS +verified, by REQUIRETLS$/m,
    /^Trouble +x\\u\{1b\}\]0;\\u\{7\}$/m,
    /^Domain +far\.example: down, tried again in 1m: nobody answered$/m,
    /^Last answers:\n {2}2026-11-24T12:00:00\.000Z {2}mx\.far\.example refused/m,
    /^Header:\n {2}Received: from a client by us\n {2}From: \\u\{1b\}\[2JAnna <anna@here\.example>\n {2}Subject: \\u\{202e\}olleh\n {2}To: b@far\.example\n$/m,
  ]
  for (const each of says) assert.match(out, each)
  assert.doesNotMatch(out, /the body/)
  await shell.refused('queue show 999999', /There is no queue entry "999999"\. It may have been delivered/)
  await shell.refused('queue show x', /expected the ID of an entry/)
})

test('entries are held, released, tried and removed, and each act says how many', async () => {
  const { ids } = await enqueue('anna@here.example', [
    { recipient: 'a@far.example', user: 'anna@here.example' },
    { recipient: 'b@far.example', user: 'anna@here.example' },
    { recipient: 'c@near.example' },
  ])
  const [a = 0, b = 0, c = 0] = ids
  const said: readonly [string, string][] = [
    [`queue hold ${a} ${c}`, 'Held 2 recipients.\n'],
    [`queue hold ${a}`, 'Nothing was changed: there is nothing of that kind.\n'],
    ['queue release "*@near.example"', 'Released 1 recipient.\n'],
    ['queue hold --user anna@here.example', 'Held 1 recipient.\n'],
    ['queue release --all --yes', 'Released 2 recipients.\n'],
  ]
  for (const [line, text] of said) assert.equal(await shell.done(line), text, line)
  assert.equal(keepers.calls.filter((call) => call === 'look again').length, said.length)

  await defer(b, 12 * MINUTE_MS)
  assert.equal(await shell.done(`queue retry ${b}`), '1 recipient will be tried now.\n')
  assert.equal((await store.queue.get(b))?.dueAtMs, undefined)
  assert.deepEqual(keepers.calls.at(-1), { tryNow: ['far.example'] })
  const tried: readonly [string, unknown][] = [
    ['"*@Far.example"', ['far.example']],
    ['--domain near.example', ['near.example']],
    [`${a} "*@near.example"`, ['far.example', 'near.example']],
    ['"*@*.example"', 'all'],
    ['--user anna@here.example', 'all'],
  ]
  for (const [which, domains] of tried) {
    await shell.done(`queue retry ${which}`)
    assert.deepEqual(keepers.calls.at(-1), { tryNow: domains }, which)
  }

  assert.equal(
    await shell.done('queue remove "b@*" "c@*" --sender "anna@*"'),
    'Removed 2 recipients; nobody is told.\n',
  )
  assert.deepEqual(await listed(), [a])
  keepers.desk.bounced = 1
  assert.equal(await shell.done(`queue remove ${a} --bounce`), 'Removed 1 recipient; the senders are told.\n')
  assert.deepEqual(
    keepers.calls.find((call) => Object.hasOwn(call as object, 'bounce')),
    { bounce: { ids: [a] }, author: 'postern (anna)' },
  )
})

test('nothing is done by a slip', async () => {
  const many = Array.from({ length: 101 }, (_, index) => ({
    recipient: `r${index}@far.example`,
    user: 'a@here.example',
  }))
  await enqueue('anna@here.example', many)
  const slips: readonly [string, RegExp, object?][] = [
    ['queue remove', /Name what it is for/],
    ['queue remove --all', /This would remove 101 recipients \(.*\): say so with --yes/],
    ['queue remove --user a@here.example', /This would remove 101 recipients .*--yes/],
    ['queue hold "*@far.example"', /This would hold 101 recipients .*--yes/],
    ['queue remove --all', /Nothing was changed/, { yes: false }],
    ['queue remove 999999', /There is no queue entry "999999"/],
    ['queue remove --all --yes --user a@here.example', /either all or which entries/],
    ['queue remove "*@far.example" --recipient "b@*" --yes', /Name the recipients once/],
    ['queue remove 17x', /Cannot read "17x": expected an address/],
  ]
  for (const [line, says, given] of slips) await shell.refused(line, says, given)
  assert.equal((await store.queue.measure({})).entries, 101)
  assert.equal(await shell.done('queue remove --all', { yes: true }), 'Removed 101 recipients; nobody is told.\n')
})

test('mail to a domain is stopped and goes again', async () => {
  assert.equal(await shell.done('queue paused'), 'Mail is stopped to no domain.\n')
  assert.equal(
    await shell.done('queue pause Far.example --why "they are moving"'),
    'Mail to far.example waits until: postern queue resume far.example\n',
  )
  assert.match(await shell.done('queue pause "*.near.example"'), /postern queue resume '\*\.near\.example'\n$/)
  assert.match(
    await shell.done('queue paused'),
    /^far\.example +2026-11-24T12:00:00\.000Z +postern \(anna\) +they are moving$/m,
  )
  assert.match(
    await shell.done('queue domains'),
    /^\*\.near\.example +0 +- +- +paused\nfar\.example +0 +- +- +paused$/m,
  )
  assert.equal(await shell.done('queue resume far.example'), 'Mail to far.example goes again.\n')
  await shell.refused('queue resume far.example', /Mail to far\.example is not paused\. See: postern queue paused/)
  await shell.refused('queue pause "no domain"', /Cannot read "no domain"/)
  assert.deepEqual(keepers.calls, ['look again', 'look again', { tryNow: ['far.example'] }])
})

test('domains that are down, shaped or narrow are told', async () => {
  assert.equal(await shell.done('queue domains'), 'No domain is slow, down or paused.\n')
  keepers.desk.domains.push(
    {
      domain: 'slow.example',
      site: 'mx:mx.slow.example',
      underWay: 1,
      window: 2,
      waiting: 9,
      shaped: { rule: 'too fast', holdsMs: MINUTE_MS, connections: 2 },
    },
    { domain: 'over.example', underWay: 0, window: 5, waiting: 0 },
  )
  const out = await shell.done('queue domains')
  assert.match(out, /^over\.example +0 +5 +- +up$/m)
  assert.match(
    out,
    /^slow\.example +1 +2 +mx:mx\.slow\.example +slowed down by the rule "too fast" for 1m: at most 2 at once$/m,
  )
})

test('a decision is explained to the end: what was delivered, and what still waits', async () => {
  const { ids, decision } = await enqueue('anna@here.example', [
    { recipient: 'a@far.example' },
    { recipient: 'b@far.example' },
  ])
  await enqueue('ben@here.example', [{ recipient: 'other@far.example' }])
  const [a = 0, b = 0] = ids
  const tls = { version: 'TLSv1.3', cipher: 'x', verifiedBy: 'dane' } as const
  const story = formatEnding({
    tries: 2,
    is: 'delivered',
    hop: { host: 'mx.far.example', ip: '192.0.2.1', port: 25, tls },
    reply: { code: 250, status: '2.0.0', text: 'Ok: queued as 4711' },
  })
  const delivery = {
    decision,
    atMs: keepers.clock.nowMs(),
    recipient: 'a@far.example',
    outcome: 'delivered',
    story,
  } as const
  await store.queue.settle([{ id: a, next: { is: 'gone' }, delivery }], [])
  const out = await shell.done(`explain ${references.format(decision)}`)
  assert.match(
    out,
    /^What became of it:\n {2}a@far\.example: delivered at 2026-11-24T12:00:00\.000Z to mx\.far\.example \[192\.0\.2\.1\] over TLSv1\.3 \(verified as asked by DANE\), after 2 tries; it said: 250 2\.0\.0 Ok: queued as 4711$/m,
  )
  assert.match(
    out,
    new RegExp(`^ {2}b@far\\.example: waits for its turn, not tried yet \\(postern queue show ${b}\\)$`, 'm'),
  )
  assert.doesNotMatch(out, /other@/)
  const { fates } = await shell.json<{ fates: { recipient: string; is: string }[] }>(
    `explain ${references.format(decision)}`,
  )
  assert.deepEqual(
    fates.map(({ recipient, is }) => [recipient, is]),
    [
      ['a@far.example', 'delivered'],
      ['b@far.example', 'waiting'],
    ],
  )

  await shell.done('queue remove "b@*"')
  assert.match(
    await shell.done(`explain ${references.format(decision)}`),
    /^ {2}b@far\.example: removed from the queue at .*: by postern \(anna\)$/m,
  )
})

test('the way that mail would go is told, and exit 1 where there is none', async () => {
  keepers.desk.way = {
    route: 'by MX (no rule matches)',
    hosts: ['mx.far.example [192.0.2.1]'],
    tls: 'opportunistic',
    steps: ['rule 1 is not: the sender does not match news@*', 'x\u001b[2J'],
  }
  assert.equal(
    await shell.done('route Anna@here.example ben@Far.example'),
    `Way      by MX (no rule matches)
Servers  mx.far.example [192.0.2.1]
TLS      opportunistic

The rules (delivery.routes):
  rule 1 is not: the sender does not match news@*
  x\\u{1b}[2J
`,
  )
  assert.deepEqual(keepers.calls, [{ route: { sender: 'Anna@here.example', recipient: 'ben@Far.example' } }])
  await shell.done('route "<>" ben@far.example')
  await shell.refused('route anna@here.example nowhere', /Cannot read "nowhere": expected an address/)
  keepers.desk.way = { route: 'not known', hosts: [], tls: 'unknown', trouble: 'far.example takes no mail [5.1.10]' }
  const { code, out } = await shell.postern('route anna@here.example ben@far.example')
  assert.equal(code, 1)
  assert.match(out, /^Trouble +far\.example takes no mail \[5\.1\.10\]$/m)
})
