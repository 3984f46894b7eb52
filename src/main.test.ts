/** The program as users start it: bin/postern, on whatever Node. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../bin/postern', import.meta.url))
const CLOSED = ['smtp', 'submission', 'submissions', 'pop3', 'pop3s']

let dir: string
before(() => {
  dir = mkdtempSync(join(tmpdir(), 'postern-'))
})
after(() => rmSync(dir, { recursive: true }))

/** The Node that the machine itself has, which may be too old to run Postern itself. */
function olderNode(): string | undefined {
  const found = ['/usr/bin/node', '/usr/local/bin/node'].find((file) => {
    const { status, stdout } = spawnSync(file, ['--version'], { encoding: 'utf8' })
    const major = Number(/^v(\d+)/.exec(stdout ?? '')?.[1])
    return status === 0 && major >= 20 && major < 26
  })
  return found
}

const older = olderNode()
const skip = older === undefined ? 'this machine has no Node from 20 to 25' : false

function provisionFile(text = ''): string {
  const file = join(dir, `provision-${Math.random()}.yaml`)
  const listen = CLOSED.map((name) => `    ${name}: { listen: [] }`).join('\n')
  writeFileSync(file, `settings:\n  services:\n${listen}\n    admin: { listen: ["127.0.0.1:0"] }\n${text}`)
  return file
}

/** Start the server and wait for its `ready`. */
async function serve(node: string, dataDir: string): Promise<ChildProcess> {
  const args = [BIN, 'serve', '--data', dataDir, '--provision', provisionFile()]
  const child = spawn(node, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })
  for await (const line of lines) if (line === 'ready') break
  child.stdout.resume()
  return child
}

/** Resolve when no process has this id any more. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

for (const node of [process.execPath, ...(older === undefined ? [] : [older])]) {
  test(`${node}: commands run, say nothing of experiments, and pass their exit code on`, () => {
    const version = spawnSync(node, [BIN, 'version', '--json'], { encoding: 'utf8' })
    assert.deepEqual([version.status, version.stderr], [0, ''])
    assert.ok(Number.parseInt(JSON.parse(version.stdout).node, 10) >= 26)
    const wrong = spawnSync(node, [BIN, 'frobnicate'], { encoding: 'utf8' })
    assert.deepEqual([wrong.status, wrong.stdout], [2, ''])
    assert.match(wrong.stderr, /^postern: There is no command "frobnicate"[^\n]*\n$/)
  })
}

test('SIGTERM ends the server in order, also through the wrapper', { skip }, async () => {
  const dataDir = join(dir, 'term')
  const child = await serve(older as string, dataDir)
  const pid = Number(readFileSync(join(dataDir, 'postern.pid'), 'utf8'))
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  assert.equal(code, 0)
  await gone(pid)
})

test('kill -9 of the wrapper leaves no server behind', { skip }, async () => {
  const dataDir = join(dir, 'kill')
  const child = await serve(older as string, dataDir)
  const pid = Number(readFileSync(join(dataDir, 'postern.pid'), 'utf8'))
  child.kill('SIGKILL')
  await gone(pid)
})

test('a server that cannot start says why in one line, and ends with 1', async () => {
  const dataDir = join(dir, 'twice')
  const start = (file: string) =>
    spawnSync(process.execPath, [BIN, 'serve', '--data', dataDir, '--provision', file], { encoding: 'utf8' })
  const wrong = start(provisionFile('users:\n  - { adress: x }\n'))
  assert.equal(wrong.status, 1)
  assert.match(
    wrong.stderr,
    /^postern: Cannot use the provisioning file .*line 10, column 7: .*did you mean address\?\n$/,
  )

  const child = await serve(process.execPath, dataDir)
  const second = start(provisionFile())
  assert.equal(second.status, 1)
  assert.match(second.stderr, new RegExp(`^postern: .*process ${child.pid}\\b.*\\n$`))
  child.kill('SIGTERM')
  await once(child, 'exit')
})
