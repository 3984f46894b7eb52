import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stranger } from '#gate/testing.ts'
import { createFacts } from '../facts.ts'
import { ANNA, createWorld } from './testing.ts'

const IP = '10.0.0.1'

test('HELO names and foreign senders are counted once each, by address', async () => {
  const facts = createFacts(createWorld().sources)
  const sessions = [
    { helo: 'a.example', sender: 'x@one.example' },
    { helo: 'A.example', sender: 'y@ONE.example' },
    { helo: 'b.example', sender: 'anna@here.example' },
    { helo: 'b.example', sender: '' },
    { helo: 'b.example', sender: 'x@two.example' },
  ]
  for (const session of sessions) await facts.trustSigns(stranger({ ip: IP, ...session }))
  assert.deepEqual(await facts.trustSigns(stranger({ ip: IP })), {
    heloNames: 2,
    senderDomains: 2,
    failedLoginNames: 0,
    unknownRecipients: 0,
    connectionsInDay: 0,
    publicClientSeen: false,
  })
  const other = await facts.trustSigns(stranger({ ip: '10.0.0.2' }))
  assert.equal(other?.heloNames, 0)
})

test('a client that is not trusted, logged in, or whose trust is suspended already, shows no signs and counts none', async () => {
  const { sources, suspended, ledger } = createWorld()
  const facts = createFacts(sources)
  assert.equal(await facts.trustSigns(stranger({ helo: 'a.example' })), undefined)
  assert.equal(await facts.trustSigns(stranger({ ip: IP, user: ANNA.address, helo: 'a.example' })), undefined)
  suspended.set(IP, { ip: IP, evidence: '', sinceMs: 0 })
  assert.equal(await facts.trustSigns(stranger({ ip: IP, helo: 'a.example' })), undefined)
  assert.deepEqual(ledger.asked, [])
})
