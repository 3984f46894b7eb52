import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Finding } from './record.ts'
import { formatStory, parseStory, type Story } from './story.ts'
import { STAGES } from './subject.ts'

const some = fc.string({ minLength: 1 })
const finding: fc.Arbitrary<Finding> = fc.record(
  {
    stage: fc.constantFrom(...STAGES),
    rule: some,
    is: fc.constantFrom('pass', 'permit', 'refuse', 'defer', 'observe'),
    saw: fc.string(),
    setting: some,
    of: some,
  },
  { requiredKeys: ['stage', 'rule', 'is', 'saw'], noNullPrototype: true },
)

test('a story is read back as it was written', () => {
  fc.assert(
    fc.property(fc.array(finding), some, fc.boolean(), (findings, helo, tls) => {
      const story: Story = { helo, tls, findings }
      assert.deepEqual(parseStory(formatStory(story)), story)
    }),
  )
})

test('a story of an earlier version is read as well', () => {
  const old = { stage: 'recipient', rule: 'relay', is: 'permit', saw: 'x', setting: 'relay.mode', of: 'a@b' } as const
  assert.deepEqual(parseStory(JSON.stringify({ findings: [old] })).findings, [old])
})

test('whatever stands in a record, reading it never throws', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      for (const text of [JSON.stringify(value), JSON.stringify({ findings: [value, [value], [0, 'r', value]] })]) {
        for (const { stage, rule } of parseStory(text).findings) assert.ok(STAGES.includes(stage) && rule.length >= 0)
      }
    }),
  )
})
