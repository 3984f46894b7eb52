import { type Given, IN_EXEMPT_GROUP, one, six, table, USER } from '../table-testing.ts'

const denied = { loginFailed: true, deniedLogin: { name: 'boss', why: 'wrong password', guess: 'x' } } as const

function guesses(count: number, more: Given = {}): Given {
  return {
    subject: { ...denied, ...more.subject },
    facts: { ...more.facts, evidence: () => one(count) },
    settings: more.settings ?? {},
  }
}

table('sign-in', 'login', [
  ['a login that succeeded', { subject: { user: USER } }, 'accept', 'silent'],
  ['a login that failed', { subject: denied }, 'refuse loginFailed', 'refuse'],
  ['a login that failed, over POP3', { subject: { ...denied, service: 'pop3' } }, 'refuse loginFailed', 'refuse'],
])

table('failed-logins', 'login', [
  ['at the limit', guesses(10), 'refuse loginFailed', 'pass'],
  ['one more', guesses(11), 'defer addressBlocked', 'defer', 'block 198.51.100.7'],
  [
    'one more, over POP3',
    guesses(11, { subject: { service: 'pop3s' } }),
    'defer addressBlocked',
    'defer',
    'block 198.51.100.7',
  ],
  [
    'one more, at the administration',
    guesses(11, { subject: { service: 'admin' } }),
    'defer addressBlocked',
    'defer',
    'block 198.51.100.7',
  ],
  [
    'members of the exempt group are held to it too',
    guesses(11, { facts: IN_EXEMPT_GROUP }),
    'defer addressBlocked',
    'defer',
    'block 198.51.100.7',
  ],
  [
    'so is who had logged in before',
    guesses(11, { subject: { user: USER } }),
    'defer addressBlocked',
    'defer',
    'block 198.51.100.7',
  ],
  [
    'without a limit',
    guesses(10 ** 6, { settings: { limits: { failedLogins: { count: 'unlimited' } } } }),
    'refuse loginFailed',
    'silent',
  ],
  [
    'observed',
    guesses(11, { settings: { rules: { failedLogins: { action: 'observe' } } } }),
    'refuse loginFailed',
    'observe',
  ],
  [
    'refused for good',
    guesses(11, { settings: { rules: { failedLogins: { action: 'refuse' } } } }),
    'refuse addressRefused',
    'refuse',
    'block 198.51.100.7',
  ],
  [
    'IPv6: the widest network that passed is blocked, and no other',
    { subject: denied, facts: { evidence: () => six(11, 41, 160) } },
    'defer addressBlocked',
    'defer',
    'block 2001:db8::/56',
  ],
  [
    'IPv6: a /48 that rotates',
    { subject: denied, facts: { evidence: () => six(1, 1, 161) } },
    'defer addressBlocked',
    'defer',
    'block 2001:db8::/48',
  ],
])

table('account-networks', 'login', [
  ['at the limit', { subject: { user: USER }, facts: { accountNetworks: () => 50 } }, 'accept', 'pass'],
  [
    'one more',
    { subject: { user: USER }, facts: { accountNetworks: () => 51 } },
    'defer accountTooManyNetworks',
    'defer',
    `freeze ${USER}`,
  ],
  [
    'deferred',
    {
      subject: { user: USER },
      facts: { accountNetworks: () => 51 },
      settings: { rules: { accountNetworks: { action: 'defer' } } },
    },
    'defer accountTooManyNetworks',
    'defer',
  ],
  [
    'refused for good',
    {
      subject: { user: USER },
      facts: { accountNetworks: () => 51 },
      settings: { rules: { accountNetworks: { action: 'refuse' } } },
    },
    'refuse accountTooManyNetworksRefused',
    'refuse',
  ],
  [
    'observed',
    {
      subject: { user: USER },
      facts: { accountNetworks: () => 51 },
      settings: { rules: { accountNetworks: { action: 'observe' } } },
    },
    'accept',
    'observe',
  ],
  [
    'without a limit',
    {
      subject: { user: USER },
      facts: { accountNetworks: () => 51 },
      settings: { limits: { account: { networksPerDay: 'unlimited' } } },
    },
    'accept',
    'silent',
  ],
  [
    'reading mail from many places is not sending from them',
    { subject: { user: USER, service: 'pop3' }, facts: { accountNetworks: () => 51 } },
    'accept',
    'silent',
  ],
])
