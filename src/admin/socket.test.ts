import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { listenOnSocket } from './socket.ts'

let dir: string
before(() => {
  dir = mkdtempSync(join(tmpdir(), 'postern-'))
})
after(() => rmSync(dir, { recursive: true }))

function hello() {
  return createServer((_request, response) => response.end('hello'))
}

function ask(socketPath: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path: '/' }, (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end()
  })
}

test('the socket is made for its owner alone, whatever the umask, and goes with the server', async () => {
  const path = join(dir, 'a.sock')
  const before = process.umask(0)
  const open = await listenOnSocket(hello(), path)
  assert.equal(process.umask(before), 0)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.equal(await ask(path), 200)
  await open.close()
  assert.ok(!existsSync(path))
})

test('a socket that somebody answers at is left alone', async () => {
  const path = join(dir, 'b.sock')
  const first = await listenOnSocket(hello(), path)
  await assert.rejects(listenOnSocket(hello(), path), /a server answers there already/)
  assert.equal(await ask(path), 200)
  await first.close()
})

test('a socket that a dead server left is replaced', async () => {
  const path = join(dir, 'c.sock')
  const dead = await import('node:child_process')
  dead.spawnSync(process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ])
  assert.ok(existsSync(path))
  const open = await listenOnSocket(hello(), path)
  assert.equal(await ask(path), 200)
  await open.close()
})

test('a path that the system cannot take is told before anything is tried', async () => {
  await assert.rejects(listenOnSocket(hello(), join(dir, 'x'.repeat(120))), /longer than 107 bytes/)
})
