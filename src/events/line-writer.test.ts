import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ManualClock } from '#base/clock.ts'
import { LineWriter } from './line-writer.ts'

function openFile(t: TestContext): { readonly file: string; readonly fd: number } {
  const dir = mkdtempSync(join(tmpdir(), 'postern-writer-'))
  const file = join(dir, 'a.log')
  const fd = openSync(file, 'a')
  t.after(() => {
    closeSync(fd)
    rmSync(dir, { recursive: true })
  })
  return { file, fd }
}

test('lines are written in order', async (t) => {
  const { file, fd } = openFile(t)
  const writer = new LineWriter(fd, new ManualClock())
  for (let n = 0; n < 1000; n++) writer.add(`${n}\n`)
  await writer.drained()
  assert.equal(readFileSync(file, 'utf8'), Array.from({ length: 1000 }, (_, n) => `${n}\n`).join(''))
})

const noFullDevice = existsSync('/dev/full') ? false : 'needs /dev/full'

test('a full disk costs bounded memory, and what is dropped is counted', { skip: noFullDevice }, (t) => {
  const fd = openSync('/dev/full', 'a')
  t.after(() => closeSync(fd))
  const writer = new LineWriter(fd, new ManualClock())
  const line = `${'x'.repeat(1023)}\n`
  let taken = 0
  for (let n = 0; n < 20_000; n++) if (writer.add(line)) taken++
  // One piece is under way, 8 MiB wait.
  assert.equal(taken, 1 + 8192)
  assert.equal(writer.takeDropped(), 20_000 - taken)
  assert.equal(writer.takeDropped(), 0)
})

test('a reader that went away ends the copy, not the server', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'postern-writer-'))
  try {
    const fifo = join(dir, 'fifo')
    await once(spawn('mkfifo', [fifo]), 'exit')
    const reader = openSync(fifo, 'r+')
    const fd = openSync(fifo, 'w')
    closeSync(reader)
    const writer = new LineWriter(fd, new ManualClock())
    writer.add('one\n')
    await writer.drained()
    assert.equal(writer.add('two\n'), false)
    assert.equal(writer.takeDropped(), 2)
    closeSync(fd)
  } finally {
    rmSync(dir, { recursive: true })
  }
})
