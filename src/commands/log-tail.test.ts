import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { LogTail } from './log-tail.ts'
import { LOGS_COMMAND } from './logs.ts'
import { parseCall } from './parse.ts'
import { noRuntime, recordApi, recordTerminal } from './testing.ts'

let dir: string
before(() => {
  dir = mkdtempSync(join(tmpdir(), 'postern-'))
})
after(() => rmSync(dir, { recursive: true }))

test('the last lines, then what is added, also across a rotation', async () => {
  const path = join(dir, 'mail.log')
  writeFileSync(path, 'one\ntwo\nthree\nhal')
  const tail = new LogTail(path)
  assert.deepEqual(await tail.last(2), ['two', 'three'])
  assert.deepEqual(await tail.added(), [])
  appendFileSync(path, 'f\nfünf\n')
  assert.deepEqual(await tail.added(), ['half', 'fünf'])
  appendFileSync(path, 'last of the old\n')
  renameSync(path, `${path}.1`)
  writeFileSync(path, 'first of the new\n')
  assert.deepEqual(await tail.added(), ['last of the old', 'first of the new'])
  writeFileSync(path, 'cut\n')
  assert.deepEqual(await tail.added(), ['cut'])
  await tail.close()
})

test('a file that comes later is found, one that is large is read from its end', async () => {
  const late = new LogTail(join(dir, 'late.log'))
  assert.deepEqual(await late.last(5), [])
  writeFileSync(join(dir, 'late.log'), 'here\n')
  assert.deepEqual(await late.added(), ['here'])
  await late.close()

  writeFileSync(join(dir, 'large.log'), Array.from({ length: 50_000 }, (_, n) => `line ${n}\n`).join(''))
  const large = new LogTail(join(dir, 'large.log'))
  assert.deepEqual(await large.last(2), ['line 49998', 'line 49999'])
  assert.deepEqual(await large.last(0), [])
  await large.close()
})

test('logs are shown in the order of their times, in the form asked for', async () => {
  const dataDir = mkdtempSync(join(dir, 'data-'))
  const { mkdirSync } = await import('node:fs')
  mkdirSync(join(dataDir, 'logs'))
  writeFileSync(join(dataDir, 'logs/mail.log'), '2026-01-01T00:00:02.000Z mail received ref=A\n')
  writeFileSync(
    join(dataDir, 'logs/security.log'),
    '{"level":"info","time":"2026-01-01T00:00:01.000Z","log":"security","event":"refused","ref":"B"}\n',
  )
  const show = async (words: readonly string[]) => {
    const terminal = recordTerminal()
    const { api } = recordApi(undefined)
    await LOGS_COMMAND.run({ ...parseCall(LOGS_COMMAND, words), api, terminal, runtime: noRuntime, dataDir })
    return terminal.printed.join('')
  }
  assert.equal(
    await show([]),
    '2026-01-01T00:00:01.000Z security refused ref=B\n2026-01-01T00:00:02.000Z mail received ref=A\n',
  )
  assert.equal(await show(['--log', 'mail', '--lines', '5']), '2026-01-01T00:00:02.000Z mail received ref=A\n')
  assert.match(await show(['--log', 'security', '--format', 'json']), /^\{"level"/)
})
