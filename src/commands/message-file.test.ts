import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { readMessageFile } from './message-file.ts'

let file: string
before(() => {
  file = join(mkdtempSync(join(tmpdir(), 'postern-')), 'message.eml')
})
after(() => rmSync(join(file, '..'), { recursive: true }))

test('the header alone is taken, and the size is that on the wire', async () => {
  writeFileSync(file, 'Subject: x\nTo: y\n\nbody\n')
  assert.deepEqual(await readMessageFile(file), { header: 'Subject: x\nTo: y', sizeBytes: 27 })
  writeFileSync(file, 'Subject: x\r\nTo: y\r\n\r\nbody\r\n')
  assert.deepEqual(await readMessageFile(file), { header: 'Subject: x\r\nTo: y', sizeBytes: 27 })
})

test('whatever the line ends, and wherever the pieces of the file are cut: every line ends in CRLF on the wire', async () => {
  const pieces = fc.array(fc.constantFrom('a', '\n', '\r\n', '\r', 'x'.repeat(65_535), '\n\n'), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(pieces, async (parts) => {
      const text = parts.join('')
      writeFileSync(file, text, 'latin1')
      assert.equal((await readMessageFile(file)).sizeBytes, text.replaceAll(/\r?\n/g, '\r\n').length)
    }),
    { numRuns: 50 },
  )
})

test('a file that is not there is told', async () => {
  await assert.rejects(readMessageFile('/nonexistent.eml'), /Cannot read \/nonexistent\.eml: there is no such file/)
})
