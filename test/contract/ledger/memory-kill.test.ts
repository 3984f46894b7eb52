import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const PROCESS = fileURLToPath(new URL('./killed-process.ts', import.meta.url))
const ROUNDS = 4

/** Let a process count until it has said so many lines, and kill it in the middle of its work; gives its first and last count. */
async function countUntilKilled(dir: string, lines: number): Promise<readonly [number, number]> {
  const child = spawn(process.execPath, [PROCESS, dir], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  let said = ''
  for await (const chunk of child.stdout) {
    said += chunk
    if (said.split('\n').length > lines) child.kill('SIGKILL')
  }
  const [, signal] = await exited
  assert.equal(signal, 'SIGKILL', 'it must die by our hand alone')
  const counts = said.slice(0, said.lastIndexOf('\n')).split('\n').map(Number)
  return [counts[0] ?? Number.NaN, counts.at(-1) ?? Number.NaN]
}

describe('ledger in memory, killed', () => {
  it('knows after kill -9 each count that was answered, while snapshots are made and old files go', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'postern-killed-'))
    try {
      let before = 0
      for (let round = 0; round < ROUNDS; round += 1) {
        const [first, last] = await countUntilKilled(dir, 300 + 97 * round)
        // One more may have been counted whose answer the kill kept back.
        assert.ok(first === before + 1 || first === before + 2, `${first} comes after ${before}`)
        before = last
      }
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  })
})
