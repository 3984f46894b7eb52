import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ManualClock } from '#base/clock.ts'
import type { UserRow } from '#store/contract.ts'
import { createAccountKeeper } from './account-keeper.ts'

const ANNA = 'anna@here.example'

/** An account keeper over parts that write down what was asked of them, in order. */
function world({ waiting = 3 } = {}) {
  const did: string[] = []
  const texts: string[] = []
  let user: UserRow = {
    id: 1,
    address: ANNA,
    name: '',
    disabled: false,
    mailboxId: 1,
    localDomainsOnly: false,
    addresses: [],
  }
  const keeper = createAccountKeeper({
    directory: { findLogin: (name) => (name === ANNA ? user : undefined) },
    store: {
      async setUser(_address, { frozen }) {
        did.push(frozen ? 'froze' : 'thawed')
        const { frozen: _before, ...rest } = user
        user = frozen ? { ...rest, frozen } : rest
      },
    },
    queue: {
      async hold() {
        did.push('held')
        return waiting
      },
      async release() {
        did.push('released')
        return waiting
      },
      async remove() {
        did.push('removed')
        return waiting
      },
    },
    async endSessionsOf() {
      did.push('ended sessions')
    },
    queueChanged: () => did.push('queue told'),
    notices: {
      async send({ to, text }) {
        did.push(`told ${to}`)
        texts.push(text)
      },
    },
    clock: new ManualClock(),
    events: {
      accountFrozen: ({ by }) => did.push(`logged by ${by}`),
      accountReleased: () => did.push('logged release'),
      faulted: ({ error }) => did.push(`fault ${error}`),
    },
  })
  return { keeper, did, texts, user: () => user }
}

const sentence = { is: 'freeze', user: ANNA, rule: 'account-new-recipients', evidence: '501 new recipients' } as const

describe('a hijacked account', () => {
  test('is stopped as one act: sending first, then its sessions, then what waits, then those concerned are told', async () => {
    const { keeper, did, texts, user } = world()
    await keeper.carryOut(sentence, '7K2M9QXA')
    assert.deepEqual(did, [
      'froze',
      'ended sessions',
      'held',
      'queue told',
      'logged by account-new-recipients',
      `told ${ANNA}`,
      'told postmaster',
    ])
    assert.equal(user().frozen?.why, '501 new recipients')
    assert.match(texts[1] as string, /postern explain 7K2M9QXA/)
    assert.match(texts[1] as string, /postern user release anna@here\.example --delete-queued/)
    assert.match(texts[0] as string, /change it/)
  })

  test('is stopped once, whatever its sessions bring at the same moment', async () => {
    const { keeper, did } = world()
    await Promise.all([keeper.carryOut(sentence, undefined), keeper.carryOut(sentence, undefined)])
    await keeper.carryOut(sentence, undefined)
    assert.equal(did.filter((act) => act === 'froze').length, 1)
  })

  test('is let go with what waits', async () => {
    const { keeper, did, user } = world()
    await keeper.freeze(ANNA, { why: 'looks odd', by: 'postern (root)' })
    did.length = 0
    assert.deepEqual(await keeper.release(ANNA, { by: 'root', deleteQueued: false }), { released: 3, removed: 0 })
    assert.deepEqual(did, ['thawed', 'released', 'queue told', 'logged release'])
    assert.equal(user().frozen, undefined)
  })

  test('is let go after what waits was deleted', async () => {
    const { keeper, did } = world()
    await keeper.freeze(ANNA, { why: 'looks odd', by: 'postern (root)' })
    did.length = 0
    assert.deepEqual(await keeper.release(ANNA, { by: 'root', deleteQueued: true }), { released: 0, removed: 3 })
    assert.deepEqual(did, ['removed', 'thawed', 'queue told', 'logged release'])
  })

  test('that is stopped already, or is not there, is said so', async () => {
    const { keeper } = world()
    await keeper.freeze(ANNA, { why: 'looks odd', by: 'root' })
    await assert.rejects(keeper.freeze(ANNA, { why: 'again', by: 'root' }), /stopped already: looks odd/)
    await assert.rejects(keeper.release('nobody@here.example', { by: 'root', deleteQueued: false }), /no user/)
  })
})
