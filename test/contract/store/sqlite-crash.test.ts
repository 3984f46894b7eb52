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

/** Run a process that accepts messages, kill it when it has acknowledged so many, and give its whole lines. */
async function killedAfter(file: string, acknowledged: number): Promise<readonly string[]> {
  const load = fileURLToPath(new URL('./load.ts', import.meta.url))
  const child = spawn(process.execPath, [load, file], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    // The last may have been cut by the kill.
    if (/^\d+ [\d,]+ \d+ \d+$/.test(line)) lines.push(line)
    if (lines.length === acknowledged) child.kill('SIGKILL')
  }
  return lines
}
