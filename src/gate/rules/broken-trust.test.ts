import type { TrustSigns } from '../facts.ts'
import { type Given, IN_RELAY_GROUP, table, USER } from '../table-testing.ts'

const QUIET: TrustSigns = {
  heloNames: 30,
  senderDomains: 50,
  failedLoginNames: 10,
  unknownRecipients: 30,
  connectionsInDay: 200,
  publicClientSeen: false,
}

function showing(signs: Partial<TrustSigns>, settings: Given['settings'] = {}): Given {
  return {
    subject: { ip: '10.0.0.1', sender: 'x@far.example' },
    facts: { ...IN_RELAY_GROUP, trustSigns: () => ({ ...QUIET, ...signs }) },
    settings,
  }
}

table('broken-trust', 'sender', [
  ['a client that is not trusted', { subject: { sender: 'x@far.example' } }, 'accept', 'pass'],
  ['a user', { subject: { user: USER, sender: '' } }, 'accept', 'silent'],
  ['each sign at its bound', showing({}), 'accept', 'pass'],
  ['one sign', showing({ heloNames: 31 }), 'accept', 'pass'],
  ['two: names', showing({ heloNames: 31, senderDomains: 51 }), 'accept', 'pass', 'suspendTrust 10.0.0.1'],
  ['two: guesses', showing({ failedLoginNames: 11, unknownRecipients: 31 }), 'accept', 'pass', 'suspendTrust 10.0.0.1'],
  [
    'two: nobody else ever seen',
    showing({ heloNames: 31, connectionsInDay: 201 }),
    'accept',
    'pass',
    'suspendTrust 10.0.0.1',
  ],
  [
    'many connections, while others are seen',
    showing({ heloNames: 31, connectionsInDay: 10 ** 6, publicClientSeen: true }),
    'accept',
    'pass',
  ],
  [
    'one sign where one is enough',
    showing({ heloNames: 31 }, { trust: { suspension: { signs: 1 } } }),
    'accept',
    'pass',
    'suspendTrust 10.0.0.1',
  ],
  [
    'off',
    showing({ heloNames: 31, senderDomains: 51 }, { trust: { suspension: { enabled: false } } }),
    'accept',
    'silent',
  ],
  [
    'observed',
    showing({ heloNames: 31, senderDomains: 51 }, { rules: { brokenTrust: { action: 'observe' } } }),
    'accept',
    'observe',
  ],
])
