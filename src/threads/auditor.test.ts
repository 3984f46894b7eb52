import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FactReaders } from '#gate/facts.ts'
import type { Subject } from '#gate/subject.ts'
import { defaults, readersOf } from '#gate/testing.ts'
import { World } from '#receive/testing.ts'
import { createAuditor, sayAudit } from './auditor.ts'

const OUTSIDE: Partial<FactReaders<Subject>> = {
  destination: () => ({ is: 'external', domain: 'relay-probe.invalid' }),
}

/** An auditor of a server whose gate knows these facts. */
function auditorOver(facts: Partial<FactReaders<Subject>>) {
  const world = new World({ facts })
  const auditor = createAuditor({
    directory: { domains: () => [], users: () => [], groups: () => [], aliases: () => [] },
    machineAddresses: () => ['127.0.0.1'],
    factsOver: () => readersOf(facts),
    session: world.ports,
    listening: () => [],
    forgive: async () => {},
  })
  return { world, auditor }
}

test('settings that open no way raise no objection, and the probe is refused each time it asks', async () => {
  const { world, auditor } = auditorOver(OUTSIDE)
  assert.deepEqual(await auditor.weigh(defaults()), [])
  const { findings, probe } = await auditor.audit(defaults(), { probe: 'in-process' })
  assert.deepEqual(findings, [])
  assert.ok((probe?.steps.length ?? 0) > 20)
  assert.ok(probe?.steps.every(({ relayed }) => !relayed))
  assert.equal(world.kept.length, 0)
})

test('a probe that could not come over a network says so, and asks from inside', async () => {
  const { auditor } = auditorOver(OUTSIDE)
  const { probe } = await auditor.audit(defaults(), { probe: 'network' })
  assert.ok((probe?.steps.length ?? 0) > 20)
  assert.match(probe?.notAsked ?? '', /no other machine can come/)
})

test('a group that is half the Internet is told of before it is kept', async () => {
  const { auditor } = auditorOver(OUTSIDE)
  const wide = defaults({ ipGroups: { 'local-clients': [{ address: '128.0.0.0/2', enabled: true }] } })
  const [problem] = await auditor.weigh(wide)
  assert.match(problem?.says ?? '', /stranger/)
})

test('what no analysis foresaw is found by asking', async () => {
  const { auditor } = auditorOver({ ...OUTSIDE, relayGroup: () => ({ group: 'local-clients', member: true }) })
  const [problem] = await auditor.weigh(defaults())
  assert.match(problem?.says ?? '', /With these settings a stranger could relay: "MAIL FROM:/)
})

test('a way in is an alarm, and so is each question that the running server said yes to', () => {
  const alarms: string[] = []
  let audited: unknown
  sayAudit(
    {
      findings: [
        { is: 'open', where: 'relay.ipGroup', says: 'too wide' },
        { is: 'note', where: 'x', says: 'worth knowing' },
      ],
      probe: {
        from: '198.51.100.1',
        steps: [
          { said: 'RCPT', answered: '250 ok', relayed: true },
          { said: 'RCPT', answered: '550 no', relayed: false },
        ],
      },
    },
    {
      relayIsOpen: ({ where }) => alarms.push(where),
      audited: (told) => {
        audited = told
      },
    },
  )
  assert.deepEqual(alarms, ['relay.ipGroup', 'the running server'])
  assert.deepEqual(audited, { findings: 1, asked: 2, relayed: 1 })
})
