import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { matchesPattern } from './pattern.ts'

test('patterns match as they read', () => {
  const yes = [
    ['*', ''],
    ['*', 'anything'],
    ['s*', 's'],
    ['s*s', 'sales'],
    ['s?les', 'sales'],
    ['?', 'ä'],
    ['?', '\u{1f4ec}'],
    ['*a*b*', 'xxaxxbxx'],
    ['a*a', 'aba'],
  ] as const
  const no = [
    ['', 'a'],
    ['?', ''],
    ['s*s', 's'],
    ['s?les', 'sles'],
    ['a*b', 'a'],
    ['abc', 'abcd'],
    ['a.c', 'abc'],
  ] as const
  for (const [pattern, local] of yes) assert.equal(matchesPattern(pattern, local), true, `${pattern} ${local}`)
  for (const [pattern, local] of no) assert.equal(matchesPattern(pattern, local), false, `${pattern} ${local}`)
})

test('a pattern is the regular expression that it reads as', () => {
  const letters = (from: string) => fc.string({ unit: fc.constantFrom(...from), maxLength: 8 })
  fc.assert(
    fc.property(letters('ab*?'), letters('ab'), (pattern, local) => {
      const same = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'su').test(local)
      assert.equal(matchesPattern(pattern, local), same)
    }),
    { numRuns: 300 },
  )
})

test('no pattern takes long', () => {
  // 32 stars against what nearly matches would take 2^32 steps if each star were tried anew.
  assert.equal(matchesPattern('a*'.repeat(32), `${'a'.repeat(63)}`), true)
  assert.equal(matchesPattern(`${'*a'.repeat(32)}b`, 'a'.repeat(64)), false)
})
