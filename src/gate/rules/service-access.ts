import type { Rule } from '../rule.ts'

/** A service can be kept for one IP address group. It has no `action`: it is on only where a group is named. */
export const serviceAccess: Rule = {
  name: 'service-access',
  stage: 'connect',
  about: 'A service that is limited to an IP address group serves its members only.',
  reads: ['services.NAME.ipGroup'],
  replies: ['serviceNotForYou'],
  needs: ['serviceGroup'],
  decide: ({ service, ip }, { serviceGroup: { group, member } }) => {
    const setting = `services.${service}.ipGroup`
    if (group === undefined) return { is: 'pass', saw: 'open to every address', setting }
    return member
      ? { is: 'pass', saw: `${ip} is in the group ${group}`, setting }
      : { is: 'refuse', saw: `${ip} is not in the group ${group}`, setting, reply: 'serviceNotForYou' }
  },
}
