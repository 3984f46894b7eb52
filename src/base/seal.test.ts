import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Fault } from './fault.ts'
import { createSeal } from './seal.ts'

const LABEL = { kind: 'credentials', name: 'isp' }
const SECRET = Buffer.from('a secret: ä\0')

async function directory(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'postern-seal-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  return dir
}

function fault(says: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof Fault)
    assert.match(error.message, says)
    assert.doesNotMatch(error.message, /a secret/)
    return true
  }
}

test('what is sealed opens again, in another process too, and no sealed value is like another', async (t) => {
  const file = join(await directory(t), 'secrets.key')
  const seal = createSeal(file)
  assert.equal(await seal.hasKey(), false)
  await seal.makeKey()
  assert.equal(await seal.hasKey(), true)
  const [one, two] = [await seal.seal(LABEL, SECRET), await seal.seal(LABEL, SECRET)]
  assert.notDeepEqual(one, two)
  assert.ok(!Buffer.from(one).includes('secret'))
  assert.deepEqual(await createSeal(file).open(LABEL, one), SECRET)
  assert.deepEqual(await seal.open(LABEL, await seal.seal(LABEL, new Uint8Array())), Buffer.alloc(0))
})

test('the key file is for its owner alone, is made once however many make it, and leaves nothing beside it', async (t) => {
  const dir = await directory(t)
  const file = join(dir, 'secrets.key')
  await Promise.all(Array.from({ length: 8 }, () => createSeal(file).makeKey()))
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  assert.deepEqual(await readdir(dir), ['secrets.key'])
  const key = await readFile(file, 'utf8')
  await createSeal(file).makeKey()
  assert.equal(await readFile(file, 'utf8'), key)
})

test('a value that was changed anywhere, cut, or given another name does not open', async (t) => {
  const seal = createSeal(join(await directory(t), 'secrets.key'))
  await seal.makeKey()
  const sealed = await seal.seal(LABEL, SECRET)
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed)
    changed[at] = (changed[at] as number) ^ 1
    await assert.rejects(seal.open(LABEL, changed), Fault, `octet ${at}`)
    await assert.rejects(seal.open(LABEL, sealed.subarray(0, at)), Fault, `cut at ${at}`)
  }
  for (const label of [
    { kind: 'dkim', name: 'isp' },
    { kind: 'credentials', name: 'isp2' },
    { kind: 'credentialsi', name: 'sp' },
  ]) {
    await assert.rejects(seal.open(label, sealed), fault(/belongs to another name; set it again/))
  }
})

test('a lost, a damaged and another key say what to do, and the right one put back opens again', async (t) => {
  const file = join(await directory(t), 'secrets.key')
  const seal = createSeal(file)
  await assert.rejects(seal.seal(LABEL, SECRET), fault(/secrets\.key is not there; put it back/))
  await seal.makeKey()
  const key = await readFile(file, 'utf8')
  const sealed = await seal.seal(LABEL, SECRET)

  await rm(file)
  await assert.rejects(createSeal(file).open(LABEL, sealed), fault(/is not there; put it back/))
  await writeFile(file, 'nonsense')
  await assert.rejects(createSeal(file).open(LABEL, sealed), fault(/no key of this server; put it back/))
  await rm(file)
  const other = createSeal(file)
  await other.makeKey()
  await assert.rejects(other.open(LABEL, sealed), fault(/is not the one in .*put that file back, or set it again/))

  await writeFile(file, key)
  assert.deepEqual(await other.open(LABEL, sealed), SECRET)
})

test('a key file that may not be written or read names itself', async (t) => {
  const dir = await directory(t)
  await assert.rejects(
    createSeal(join(dir, 'none', 'secrets.key')).makeKey(),
    fault(/Cannot write the key file .*none/),
  )
  await assert.rejects(createSeal(dir).open(LABEL, Buffer.alloc(60, 1)), fault(/cannot read the key file/))
})
