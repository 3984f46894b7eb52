/**
 * Measures the store alone: node bench/store.ts [--threads 1] [--outstanding 100] [--messages 30000] [--bytes 4096] [--mailboxes 100]
 * Prints messages a second, and the processor time that each message costs the writer's thread and a client's thread.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { isMainThread, type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads'
import type { NewMessage, Store } from '../src/store/contract.ts'
import type { DirectoryChangeCount } from '../src/store/sqlite/cached-directory.ts'
import { openStore } from '../src/store/sqlite/open.ts'
import { startWriter } from '../src/store/sqlite/start.ts'

interface Load {
  readonly file: string
  readonly port: MessagePort
  readonly directoryChanges: DirectoryChangeCount
  readonly messages: number
  readonly outstanding: number
  readonly bytes: number
  readonly mailboxes: readonly number[]
}

interface Report {
  readonly usedUs: number
  /** Milliseconds that messages waited for their acceptance. */
  readonly p50: number
  readonly p99: number
  readonly max: number
}

const STORY = JSON.stringify({
  helo: 'client.example.test',
  tls: false,
  findings: [
    'service-access',
    'service-connections',
    'relay',
    'mailbox',
    'recipient-count',
    'message-size',
    'hops',
    'failed-commands',
  ].map((rule) => ({ stage: 'recipient', rule, is: 'pass', saw: 'an address in no group, 1 of 1000 connections' })),
})

let nextId = 0
let lastId = 0
let reserving: Promise<void> | undefined

if (isMainThread) await main()
else await work(workerData as Load)

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      threads: { type: 'string', default: '1' },
      outstanding: { type: 'string', default: '100' },
      messages: { type: 'string', default: '30000' },
      bytes: { type: 'string', default: '4096' },
      mailboxes: { type: 'string', default: '100' },
      in: { type: 'string', default: tmpdir() },
    },
  })
  const threads = Number(values.threads)
  const messages = Number(values.messages)
  const folder = mkdtempSync(join(values.in, 'postern-bench-'))
  const file = join(folder, 'postern.db')
  const writer = await startWriter({ file })
  const store = openStore({ file, port: writer.connect(), directoryChanges: writer.directoryChanges })
  await store.directory.addDomain({ name: 'example.test' })
  const count = Number(values.mailboxes)
  for (let first = 0; first < count; first += 1000) {
    await store.directory.addUsers(
      Array.from({ length: Math.min(1000, count - first) }, (_, at) => ({
        address: `user${first + at}@example.test`,
        name: '',
        disabled: false,
        localDomainsOnly: false,
        addresses: [],
      })),
    )
  }
  const mailboxes = Array.from({ length: count }, (_, at) => at + 1)

  const begun = performance.now()
  const processBegun = process.cpuUsage()
  const used = await Promise.all(
    Array.from({ length: threads }, () => {
      const port = writer.connect()
      const load: Load = {
        file,
        port,
        directoryChanges: writer.directoryChanges,
        messages: Math.floor(messages / threads),
        outstanding: Number(values.outstanding),
        bytes: Number(values.bytes),
        mailboxes,
      }
      const worker = new Worker(new URL(import.meta.url), { workerData: load, transferList: [port] })
      return new Promise<Report>((done, failed) => {
        worker.on('message', done)
        worker.on('error', failed)
      })
    }),
  )
  const seconds = (performance.now() - begun) / 1000
  const all = process.cpuUsage(processBegun)
  const clientUs = used.reduce((sum, one) => sum + one.usedUs, 0)
  console.log(
    `${Math.round(messages / seconds)} messages/s; a message costs ${(clientUs / messages).toFixed(1)} µs in its thread, ` +
      `${((all.user + all.system - clientUs) / messages).toFixed(1)} µs in the writer and the rest; ` +
      `log ${(statSync(`${file}-wal`).size / 2 ** 20).toFixed(0)} MiB, file ${(statSync(file).size / 2 ** 20).toFixed(0)} MiB`,
  )
  for (const { p50, p99, max } of used) {
    console.log(`  waited: median ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, at most ${max.toFixed(1)} ms`)
  }
  await store.close()
  await writer.close()
  rmSync(folder, { recursive: true })
}

async function work(load: Load): Promise<void> {
  const store = openStore(load)
  const begun = process.threadCpuUsage()
  let left = load.messages
  const waits: number[] = []
  async function session(): Promise<void> {
    while (left > 0) {
      left -= 1
      const next = await message(store, load)
      const sent = performance.now()
      await store.messages.accept(next)
      waits.push(performance.now() - sent)
    }
  }
  await Promise.all(Array.from({ length: load.outstanding }, session))
  const used = process.threadCpuUsage(begun)
  waits.sort((a, b) => a - b)
  const report: Report = {
    usedUs: used.user + used.system,
    p50: at(waits, 0.5),
    p99: at(waits, 0.99),
    max: at(waits, 1),
  }
  parentPort?.postMessage(report)
  await store.close()
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

async function message(store: Store, { bytes, mailboxes }: Load): Promise<NewMessage> {
  while (nextId >= lastId) {
    reserving ??= store.decisions.reserve(1000).then((first) => {
      nextId = first
      lastId = first + 1000
      reserving = undefined
    })
    await reserving
  }
  const id = nextId++
  const user = (id * 7919) % mailboxes.length
  return {
    sender: 'sender@far.example',
    receivedAtMs: Date.now(),
    trace: Buffer.from(
      'Received: from client.example.test (client.example.test [192.0.2.1])\r\n\tby mail.example.test with ESMTP id 7K2M9QXA;\r\n\tMon, 1 Jan 2026 00:00:00 +0000\r\n',
    ),
    body: Buffer.alloc(bytes, 'a line of text, seventy characters or so, as messages have them here\r\n'),
    mailboxIds: [mailboxes[user] as number],
    queue: [],
    record: {
      id,
      atMs: Date.now(),
      outcome: 'accepted',
      service: 'smtp',
      ip: '192.0.2.1',
      sender: 'sender@far.example',
      recipients: [`user${user}@example.test`],
      reply: '250 2.0.0 Message accepted [ref 7K2M9QXA]',
      story: STORY,
    },
  }
}
