import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect, createServer } from 'node:tls'
import { type CertificateFiles, loadCertificate } from './certificate.ts'
import { LOOK_EVERY_MS, watchCertificate } from './certificate-watch.ts'
import { ManualClock } from './clock.ts'
import { Fault } from './fault.ts'
import { ensureSelfSigned, makeSelfSigned } from './self-signed-certificate.ts'

const NOW_MS = Date.now()
const HOSTNAME = 'mail.example.test'
const ONE = await makeSelfSigned(HOSTNAME, NOW_MS)
const TWO = await makeSelfSigned('other.example.test', NOW_MS)

function scratch(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'postern-tls-'))
  t.after(() => rmSync(dir, { recursive: true }))
  return dir
}

function part(pem: string, what: 'CERTIFICATE' | 'PRIVATE KEY'): string {
  return `${new RegExp(`-----BEGIN ${what}-----[\\s\\S]+?-----END ${what}-----`).exec(pem)?.[0]}\n`
}

function pair(dir: string, cert: string, key: string): CertificateFiles {
  const files = { certificateFile: join(dir, 'cert.pem'), keyFile: join(dir, 'key.pem') }
  writeFileSync(files.certificateFile, cert)
  writeFileSync(files.keyFile, key, { mode: 0o600 })
  return files
}

test('the first start makes a certificate, the second uses it', async (t) => {
  const dir = join(scratch(t), 'tls')
  const files = await ensureSelfSigned({ dir, hostname: HOSTNAME, nowMs: NOW_MS })
  assert.equal(statSync(files.keyFile).mode & 0o777, 0o600)
  assert.equal(statSync(dir).mode & 0o777, 0o700)
  const made = readFileSync(files.keyFile, 'utf8')
  await ensureSelfSigned({ dir, hostname: HOSTNAME, nowMs: NOW_MS })
  assert.equal(readFileSync(files.keyFile, 'utf8'), made)
  assert.deepEqual(readdirSync(dir), ['self-signed.pem'])
  const loaded = await loadCertificate(files, NOW_MS)
  assert.equal(loaded.names, 'DNS:mail.example.test')
  assert.deepEqual(loaded.warnings, [])
  assert.ok(loaded.expiresMs > NOW_MS + 9.9 * 365 * 86_400_000)
})

test('an expired or damaged one of our own is made again', async (t) => {
  const dir = scratch(t)
  const files = await ensureSelfSigned({ dir, hostname: HOSTNAME, nowMs: NOW_MS })
  const made = readFileSync(files.keyFile, 'utf8')
  await ensureSelfSigned({ dir, hostname: HOSTNAME, nowMs: NOW_MS + 11 * 365.25 * 86_400_000 })
  assert.notEqual(readFileSync(files.keyFile, 'utf8'), made)
  writeFileSync(files.keyFile, made.slice(0, 300))
  await ensureSelfSigned({ dir, hostname: HOSTNAME, nowMs: NOW_MS })
  assert.equal((await loadCertificate(files, NOW_MS)).names, 'DNS:mail.example.test')
})

test('clients that trust it speak TLS 1.2 and 1.3 with it', async () => {
  const key = part(ONE, 'PRIVATE KEY')
  const cert = part(ONE, 'CERTIFICATE')
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const server = createServer({ key, cert }, (socket) => socket.end('hello'))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const trust = { ca: cert, servername: HOSTNAME, minVersion: version, maxVersion: version }
    const client = connect({ port, host: '127.0.0.1', ...trust })
    await once(client, 'secureConnect')
    assert.equal(client.getProtocol(), version)
    assert.equal(client.authorized, true)
    client.resume()
    await once(client, 'close')
    server.close()
  }
})

test('a host name of any length and an address get a certificate', async () => {
  for (const [name, names] of [
    [`${'a'.repeat(60)}.${'b'.repeat(60)}.example.test`, /^DNS:a{60}\.b{60}\.example\.test$/],
    ['192.0.2.1', /^IP Address:192\.0\.2\.1$/],
  ] as const) {
    const pem = await makeSelfSigned(name, NOW_MS)
    const { X509Certificate } = await import('node:crypto')
    assert.match(new X509Certificate(part(pem, 'CERTIFICATE')).subjectAltName ?? '', names)
  }
})

test('what is wrong is said with the file and the remedy', async (t) => {
  const dir = scratch(t)
  const cert = part(ONE, 'CERTIFICATE')
  const key = part(ONE, 'PRIVATE KEY')
  const cases: readonly [string, string, string, RegExp][] = [
    ['the key of another', cert, part(TWO, 'PRIVATE KEY'), /key .*key\.pem belongs to another certificate/],
    [
      'the chain upside down',
      part(TWO, 'CERTIFICATE') + cert,
      key,
      /own certificate is number 2 in it, expected it first/,
    ],
    ['no PEM', 'junk', key, /cert\.pem: no "-----BEGIN CERTIFICATE-----" in it/],
    ['a damaged certificate', cert.replace(/MII.{40}/, ''), key, /cert\.pem: its first certificate is damaged/],
    ['no key', cert, cert, /key\.pem: no "-----BEGIN PRIVATE KEY-----" in it/],
    ['a damaged key', cert, key.replace(/MI.{20}/, ''), /key\.pem: it is damaged/],
    ['an encrypted key', cert, key.replaceAll('PRIVATE', 'ENCRYPTED PRIVATE'), /it is encrypted; .*openssl pkey/],
  ]
  for (const [name, certText, keyText, message] of cases) {
    const error = await loadCertificate(pair(dir, certText, keyText), NOW_MS).catch((thrown: unknown) => thrown)
    assert.ok(error instanceof Fault, name)
    assert.match(error.message, message, name)
    assert.ok(!error.message.includes(key.slice(40, 60)), name)
  }
  await assert.rejects(loadCertificate({ certificateFile: join(dir, 'none'), keyFile: join(dir, 'none') }, NOW_MS), {
    message: /^Cannot read certificate .*none: there is no such file$/,
  })
})

test('what should be mended is warned of', async (t) => {
  const files = pair(scratch(t), part(ONE, 'CERTIFICATE'), part(ONE, 'PRIVATE KEY'))
  const at = async (days: number) => (await loadCertificate(files, NOW_MS + days * 86_400_000)).warnings.join()
  assert.match(await at(365 * 11), /expired on .*renew it/)
  assert.match(await at(365 * 10), /expires on .*: renew it/)
  assert.match(await at(-10), /not valid before .*clock/)
  assert.equal(await at(0), '')
  chmodSync(files.keyFile, 0o644)
  assert.match(await at(0), /can be read by everyone on this machine: chmod o-r/)
})

test('changed files are loaded once they rest; a broken pair is reported and the next good one taken', async (t) => {
  const files = pair(scratch(t), part(ONE, 'CERTIFICATE'), part(ONE, 'PRIVATE KEY'))
  const clock = new ManualClock(NOW_MS)
  const heard: string[] = []
  const watch = watchCertificate(files, clock, {
    loaded: ({ names }) => heard.push(names),
    failed: (error) => heard.push((error as Error).message.slice(0, 15)),
  })
  t.after(() => watch.close())
  await rounds(clock, 3)
  assert.deepEqual(heard, [])

  writeFileSync(files.certificateFile, part(TWO, 'CERTIFICATE'))
  await rounds(clock, 5)
  assert.deepEqual(heard, ['Cannot use cert'])

  writeFileSync(files.keyFile, part(TWO, 'PRIVATE KEY').repeat(2))
  await rounds(clock, 5)
  assert.deepEqual(heard, ['Cannot use cert', 'DNS:other.example.test'])
})

/** Move the clock through some looks; each look is real file system work, so it is waited for by the ticks it takes. */
async function rounds(clock: ManualClock, looks: number): Promise<void> {
  for (let n = 0; n < looks; n++) {
    for (let tick = 0; tick < 30; tick++) await statTick()
    clock.advance(LOOK_EVERY_MS)
  }
  for (let tick = 0; tick < 30; tick++) await statTick()
}

async function statTick(): Promise<void> {
  const { stat } = await import('node:fs/promises')
  await stat('.')
}
