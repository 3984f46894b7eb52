import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseForwardPath, parseReversePath } from './path.ts'

function vectors(file: string): readonly string[] {
  const text = readFileSync(new URL(`vectors/${file}`, import.meta.url), 'utf8')
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

describe('paths that are taken', () => {
  for (const line of vectors('paths-valid.txt')) {
    const [path = '', address] = line.split('\t')
    test(path, () => {
      assert.equal(parseForwardPath(path)?.address, address)
      assert.equal(parseReversePath(`${path} SIZE=1 X`)?.rest, 'SIZE=1 X')
    })
  }
})

describe('what is no path', () => {
  for (const line of vectors('paths-invalid.txt')) {
    test(line, () => {
      assert.equal(parseForwardPath(line), undefined)
      assert.equal(parseReversePath(line), undefined)
    })
  }
})

test('the null sender is a reverse-path only, Postmaster a forward-path only', () => {
  assert.deepEqual(parseReversePath('<> RET=HDRS'), { address: '', ascii: true, rest: 'RET=HDRS' })
  assert.equal(parseForwardPath('<>'), undefined)
  assert.deepEqual(parseForwardPath('<PostMaster>'), { address: 'postmaster', ascii: true, rest: '' })
  assert.equal(parseReversePath('<postmaster>'), undefined)
})

test('only addresses beyond ASCII need SMTPUTF8', () => {
  assert.equal(parseForwardPath('<jörg@b.example>')?.ascii, false)
  assert.equal(parseForwardPath('<a@bücher.example>')?.ascii, false)
  assert.equal(parseForwardPath('<a@b.example>')?.ascii, true)
})

test('a path has 256 octets at most, and characters beyond ASCII count as many as they have', () => {
  const domain = `${'a.'.repeat(93)}example`
  const local = 'x'.repeat(256 - domain.length - 3)
  assert.equal(parseForwardPath(`<${local}@${domain}>`)?.address, `${local}@${domain}`)
  assert.equal(parseForwardPath(`<${local}x@${domain}>`), undefined)
  assert.notEqual(parseForwardPath(`<${'ö'.repeat(32)}@b.example>`), undefined)
  assert.equal(parseForwardPath(`<${'ö'.repeat(33)}@b.example>`), undefined)
})

test('a parsed address is its own path again', () => {
  const text = fc.string({ unit: fc.constantFrom(...'ab.@"\\<> ,[]:-_1é'), maxLength: 12 })
  fc.assert(
    fc.property(text, text, (local, domain) => {
      for (const path of [`<${local}@${domain}>`, `<"${local}"@${domain}.example>`, `<${local}${domain}@b.example>`]) {
        const parsed = parseForwardPath(path)
        if (parsed === undefined || parsed.rest !== '') continue
        assert.equal(parseForwardPath(`<${parsed.address}>`)?.address, parsed.address)
      }
    }),
    { numRuns: 300 },
  )
})

test('a line break or a control character is in no address', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (text) => {
      const address = parseForwardPath(text)?.address ?? parseForwardPath(`<"${text}"@b.example>`)?.address ?? ''
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
      assert.doesNotMatch(address, /[\x00-\x1f\x7f-\x9f\u2028\u2029]/)
    }),
    { numRuns: 300 },
  )
})
