import { groupName } from '../entries.ts'
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
      'controlled: only those who meet a condition below may send to other domains. open: anyone may send to anywhere.',
    kerio: 'Allow relay only for / Open relay',
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

export const trust = {
  ipGroup: optional({
    of: groupName,
    about: 'Servers whose mail is not checked for authenticity or rated for spam; null is the relay group.',
    kerio: 'Add all trustworthy servers to this group',
    page,
    applies: 'at once',
  }),
} as const
