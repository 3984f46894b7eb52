import { groupName, hostName } from '../entries.ts'
import { groupEntries } from '../ip-group-entries.ts'
import { choice, flag, integer, named, optional } from '../kinds.ts'

export const ipGroups = named({
  of: groupEntries,
  default: {
    'local-clients': ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '127.0.0.0/8', 'fc00::/7', '::1'].map(
      (address) => ({ address, enabled: true }),
    ),
  },
  about: 'Groups of IP addresses by name: hosts, ranges, networks, "this machine" and other groups.',
  kerio: 'Definitions > IP Address Groups',
  page: 'IP address groups',
  applies: 'at once',
})

const page = 'Relay control'

export const relay = {
  mode: choice({
    of: ['controlled', 'open'],
    default: 'controlled',
    about:
      'controlled: only those who meet a condition (relay.ipGroup, relay.smtpAuth, relay.popBeforeSmtp) may send to other domains. open: anyone may send to anywhere.',
    kerio: 'Allow relay only for / Open relay',
    page,
    applies: 'at once',
  }),
  openConfirmedFor: optional({
    of: hostName,
    about:
      'The second yes to relay.mode open where the Internet can reach this server: its own name, written out (server.hostname).',
    page,
    applies: 'at once',
  }),
  ipGroup: optional({
    of: groupName,
    default: 'local-clients',
    about: 'Clients whose address is in this group may send to any domain; null is nobody.',
    kerio: 'Users from IP address group',
    page,
    applies: 'at once',
  }),
  smtpAuth: flag({
    default: true,
    about: 'Clients that logged in over SMTP may send to any domain.',
    kerio: 'Users authenticated through SMTP for outgoing mail',
    page,
    applies: 'at once',
  }),
  popBeforeSmtp: {
    enabled: flag({
      default: false,
      about: 'A POP3 login opens the way to any domain for its address, for some minutes.',
      kerio: 'Users previously authenticated through POP3 from the same IP address',
      page,
      applies: 'at once',
    }),
    minutes: integer({
      default: 10,
      min: 1,
      max: 1440,
      about: 'How many minutes a POP3 login opens the way, counted from the last one.',
      kerio: 'Allow SMTP relay for N minutes after successful POP3 login',
      page,
      applies: 'at once',
    }),
  },
  groupAfterFailedLogin: flag({
    default: false,
    about: "A member of the relay group keeps the group's right even after a login that failed (for old printers).",
    page,
    applies: 'at once',
  }),
  hideClientAddress: flag({
    default: false,
    about: "The address of a client in the relay group is left out of this server's Received line.",
    kerio: 'Hide local IP in Received headers',
    page,
    applies: 'next message',
  }),
} as const

const trustPage = 'Trusted servers'

function sign(usual: number, least: number, about: string) {
  return integer({ default: usual, min: least, max: 10_000_000, about, page: trustPage, applies: 'at once' })
}

export const trust = {
  ipGroup: optional({
    of: groupName,
    about: 'Servers whose mail is not checked for authenticity or rated for spam; null is the relay group.',
    kerio: 'Add all trustworthy servers to this group',
    page,
    applies: 'at once',
  }),
  /** When a trusted address is taken for a proxy or NAT that hides strangers (see docs/trust.md). */
  suspension: {
    enabled: flag({
      default: true,
      about: 'A trusted address that behaves like many strangers loses its trust until an administrator gives it back.',
      page: trustPage,
      applies: 'at once',
    }),
    signs: integer({
      default: 2,
      min: 1,
      max: 5,
      about: 'How many of the signs below must show at once.',
      page: trustPage,
      applies: 'at once',
    }),
    heloNames: sign(30, 2, 'Sign: more HELO names than this from one trusted address in an hour, without a login.'),
    senderDomains: sign(
      50,
      2,
      'Sign: senders of more foreign domains than this from one trusted address in an hour, without a login.',
    ),
    failedLoginNames: sign(10, 2, 'Sign: failed logins for more names than this from one trusted address in an hour.'),
    unknownRecipients: sign(
      30,
      2,
      'Sign: more recipients that do not exist than this from one trusted address in an hour.',
    ),
    connectionsUnseen: sign(
      200,
      2,
      'Sign: more connections than this from one trusted address in a day in which no client with a public address was seen.',
    ),
  },
} as const
