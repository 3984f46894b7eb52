import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Undo } from './undo.ts'

test('what was started last ends first, and a step that fails stops none of the others', async () => {
  const undo = new Undo()
  const ended: string[] = []
  undo.push(() => ended.push('store'))
  undo.push(() => {
    throw new Error('the logs would not close')
  })
  undo.push(async () => ended.push('sessions'))
  await assert.rejects(undo.all(), /the logs would not close/)
  assert.deepEqual(ended, ['sessions', 'store'])
  await undo.all()
  assert.deepEqual(ended, ['sessions', 'store'])
})
