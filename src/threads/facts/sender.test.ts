import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SenderOwner } from '#gate/facts.ts'
import type { Subject } from '#gate/subject.ts'
import { stranger } from '#gate/testing.ts'
import { createFacts } from '../facts.ts'
import { ANNA, createWorld } from './testing.ts'

const OWNERS: readonly (readonly [string, Partial<Subject>, SenderOwner])[] = [
  ['the null sender', { sender: '' }, { is: 'elsewhere' }],
  ['another domain', { sender: 'anna@far.example' }, { is: 'elsewhere' }],
  ['a stranger as one of us', { sender: 'anna@HERE.example' }, { is: 'local', own: false }],
  ['a user as herself', { sender: ANNA.address, user: ANNA.address }, { is: 'local', own: true }],
  [
    'a user by another address of hers',
    { sender: 'sales@here.example', user: ANNA.address },
    { is: 'local', own: true },
  ],
  ['a user as another', { sender: 'bob@here.example', user: ANNA.address }, { is: 'local', own: false }],
  ['a user that is no longer there', { sender: ANNA.address, user: 'gone@here.example' }, { is: 'local', own: false }],
]
for (const [name, more, owner] of OWNERS) {
  test(`${name} is ${owner.is}`, async () => {
    assert.deepEqual(await createFacts(createWorld().sources).senderOwner(stranger(more)), owner)
  })
}

test('the domain of a sender is looked up behind the last @, the null sender never', async () => {
  const asked: string[] = []
  const { sources } = createWorld(
    {},
    {
      dns: {
        mx: async (name) => {
          asked.push(name)
          return { is: 'unknown', because: 'no answer' }
        },
        addresses: async () => ({ is: 'none', why: 'NXDOMAIN' }),
        ptr: async () => ({ is: 'none', why: 'NXDOMAIN' }),
      },
    },
  )
  const facts = createFacts(sources)
  assert.deepEqual(await facts.senderDomain(stranger({ sender: '"a@b.example"@far.example' })), {
    is: 'unknown',
    because: 'no answer',
  })
  assert.equal((await facts.senderDomain(stranger({ sender: '' }))).is, 'found')
  assert.deepEqual(asked, ['far.example'])
  assert.deepEqual(await facts.reverseName(stranger()), { is: 'none', why: 'NXDOMAIN' })
})
