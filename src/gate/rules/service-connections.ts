import type { Rule } from '../rule.ts'

/**
 * The whole service's bound: past it a new connection is told to come back. It has no `action`: it is what the machine can hold, and
 * no judgement on the client.
 */
export const serviceConnections: Rule = {
  name: 'service-connections',
  stage: 'connect',
  about: 'A service holds at most so many connections at once.',
  reads: ['services.NAME.maxConnections'],
  replies: ['tooManyConnections'],
  needs: ['serviceConnections'],
  decide: ({ service }, { serviceConnections: open }, { services }) => {
    const most = services[service].maxConnections
    const setting = `services.${service}.maxConnections`
    const saw = `${open} connections open, ${most === 'unlimited' ? 'no limit' : `at most ${most}`}`
    return most !== 'unlimited' && open > most
      ? { is: 'refuse', saw, setting, reply: 'tooManyConnections' }
      : { is: 'pass', saw, setting }
  },
}
