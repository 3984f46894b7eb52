import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openStore } from '#store/sqlite/open.ts'
import { startWriter } from '#store/sqlite/start.ts'
import { asRead, readWhole, sampleBytes } from './samples.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-crash-'))
after(() => rmSync(folder, { recursive: true, force: true }))

for (const acknowledged of [1, 150, 700]) {
  it(`has every message that was acknowledged when it was killed after ${acknowledged}`, async () => {
    const file = join(folder, `${acknowledged}`, 'postern.db')
    const lines = await killedAfter(file, acknowledged)
    assert.ok(lines.length >= acknowledged, `${lines.length} lines`)

    const writer = await startWriter({ file })
    const store = openStore({ file, port: writer.connect(), directoryChanges: writer.directoryChanges })
    for (const line of lines) {
      const [uid, mailboxes, length, seed] = line.split(' ') as [string, string, string, string]
      const whole = asRead(sampleBytes(Number(length), Number(seed)))
      for (const mailbox of mailboxes.split(',')) {
        const read = await readWhole(store, Number(mailbox), Number(uid))
        assert.ok(read?.equals(whole), `message ${uid} of ${length} bytes in mailbox ${mailbox}`)
      }
    }
    for (const mailbox of [1, 2, 3]) {
      const list = await store.mailboxes.list(mailbox)
      const bytes = list.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
      assert.deepEqual(await store.mailboxes.usage(mailbox), { messages: list.length, bytes })
    }
    await store.close()
    await writer.close()
  })
}

for (const acknowledged of [5, 400, 3000]) {
  it(`has the queue as it was told when it was killed after ${acknowledged} steps`, async () => {
    const file = join(folder, `queue-${acknowledged}`, 'postern.db')
    const steps = await killedAfter(
      file,
      acknowledged,
      'queue-load.ts',
      /^(kept|tried) \S+$|^(over|waits) \S+ \d+ \d+$/,
    )
    const told = {
      kept: new Set<string>(),
      tried: new Set<string>(),
      over: new Set<string>(),
      waits: new Set<string>(),
    }
    for (const step of steps) {
      const [what, recipient] = step.split(' ') as [keyof typeof told, string]
      told[what].add(recipient)
    }

    const writer = await startWriter({ file })
    const store = openStore({ file, port: writer.connect(), directoryChanges: writer.directoryChanges })
    const { queue } = store
    const entries = await queue.find({}, { limit: 1_000_000 })
    const waiting = new Map(entries.map((entry) => [entry.recipient, entry]))
    for (const recipient of told.kept) {
      if (!told.tried.has(recipient))
        assert.ok(waiting.has(recipient), `${recipient} was kept, never tried, and is lost`)
    }
    for (const recipient of told.over) assert.ok(!waiting.has(recipient), `${recipient} was over, and is back`)
    for (const recipient of told.waits) assert.ok(waiting.get(recipient)?.dueAtMs !== undefined, `${recipient} waits`)
    for (const step of steps) {
      const [what, recipient, , decision] = step.split(' ')
      if (what !== 'over') continue
      assert.ok(
        (await queue.deliveries(Number(decision))).some((one) => one.recipient === recipient),
        step,
      )
    }
    assert.equal(await queue.count(), entries.length)
    for (const { messageId } of entries.slice(-200)) assert.ok((await store.messages.read(messageId)) !== undefined)
    // What is ready and what waits is all there is.
    const ready = (await queue.arrivals(0, 1_000_000)).length
    assert.equal(ready, entries.filter(({ dueAtMs }) => dueAtMs === undefined).length)
    await queue.wake(Number.MAX_SAFE_INTEGER, 1_000_000)
    assert.equal((await queue.arrivals(0, 1_000_000)).length, entries.length)
    await store.close()
    await writer.close()
  })
}

/** Run a process that accepts messages, kill it when it has acknowledged so many, and give its whole lines. */
async function killedAfter(
  file: string,
  acknowledged: number,
  program = 'load.ts',
  whole = /^\d+ [\d,]+ \d+ \d+$/,
): Promise<readonly string[]> {
  const load = fileURLToPath(new URL(program, import.meta.url))
  const child = spawn(process.execPath, [load, file], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    // The last may have been cut by the kill.
    if (whole.test(line)) lines.push(line)
    if (lines.length === acknowledged) child.kill('SIGKILL')
  }
  return lines
}
