/**
 * What well known servers say when mail comes too fast for them, and what to do then. The first that matches is taken, so that a
 * rule without bounds keeps an answer about one recipient from slowing the rest. Spans are milliseconds.
 */
import type { ShapingRule } from './shaping.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

export const SHAPING_RULES: readonly ShapingRule[] = [
  // ---- about one recipient or one message: nothing to slow -----------------------------------------------------------------
  { name: 'greylisting', code: '4xx', text: '*gr?ylist*', for: MINUTE },
  { name: 'gmail: recipient gets mail too fast', host: '*.google*.com', code: '450', status: '4.2.1', for: MINUTE },
  { name: 'mailbox full', code: '4xx', status: '4.2.2', for: MINUTE },

  // ---- Google: gmail-smtp-in.l.google.com, aspmx.l.google.com, aspmx2.googlemail.com ---------------------------------------
  // "Our system has detected an unusual rate of unsolicited mail originating from your IP address."
  {
    name: 'gmail: unusual rate',
    host: '*.google*.com',
    code: '421',
    status: '4.7.28',
    wait: 15 * MINUTE,
    connections: 2,
    perMinute: 30,
    for: 4 * HOUR,
  },
  {
    name: 'gmail: unusual rate',
    host: '*.google*.com',
    code: '4xx',
    text: '*unusual rate*',
    wait: 15 * MINUTE,
    connections: 2,
    perMinute: 30,
    for: 4 * HOUR,
  },
  {
    name: 'gmail: try again later',
    host: '*.google*.com',
    code: '421',
    status: '4.7.0',
    wait: 5 * MINUTE,
    connections: 3,
    perMinute: 60,
    for: 2 * HOUR,
  },

  // ---- Microsoft: Outlook.com and Hotmail (*.olc.protection.outlook.com), Exchange Online (*.mail.protection.outlook.com) ----
  {
    name: 'outlook: too many connections',
    host: '*.outlook.com',
    code: '421',
    text: '*rp-003*',
    wait: MINUTE,
    connections: 2,
    for: 2 * HOUR,
  },
  // RP-001: by address and hour; RP-002: by connection.
  {
    name: 'outlook: too fast',
    host: '*.outlook.com',
    code: '421',
    text: '*rp-00?*',
    wait: 10 * MINUTE,
    connections: 2,
    perMinute: 30,
    for: 4 * HOUR,
  },
  {
    name: 'outlook: limited by reputation',
    host: '*.outlook.com',
    code: '451',
    status: '4.7.65*',
    wait: 15 * MINUTE,
    connections: 1,
    perMinute: 20,
    for: 6 * HOUR,
  },
  {
    name: 'outlook: server busy',
    host: '*.outlook.com',
    code: '451',
    status: '4.7.500',
    wait: 5 * MINUTE,
    connections: 3,
    perMinute: 60,
    for: HOUR,
  },

  // ---- Yahoo and AOL: mta5.am0.yahoodns.net -------------------------------------------------------------------------------
  // "[TSS04] Messages from … temporarily deferred due to unexpected volume or user complaints"; once TS01 to TS04.
  {
    name: 'yahoo: unexpected volume',
    host: '*.yahoodns.net',
    code: '421',
    text: '*[ts*',
    wait: 30 * MINUTE,
    connections: 2,
    perMinute: 20,
    for: 4 * HOUR,
  },
  {
    name: 'yahoo: resources',
    host: '*.yahoodns.net',
    code: '451',
    text: '*resources temporarily unavailable*',
    wait: 5 * MINUTE,
    connections: 2,
    for: HOUR,
  },

  // ---- Apple: mx01.mail.icloud.com ------------------------------------------------------------------------------------------
  {
    name: 'icloud: deferred',
    host: '*.mail.icloud.com',
    code: '421',
    status: '4.7.*',
    wait: 10 * MINUTE,
    connections: 2,
    perMinute: 30,
    for: 2 * HOUR,
  },
  {
    name: 'icloud: too many',
    host: '*.mail.icloud.com',
    code: '4xx',
    text: '*too many*',
    wait: 5 * MINUTE,
    connections: 2,
    perMinute: 30,
    for: 2 * HOUR,
  },

  // ---- GMX, WEB.DE, mail.com, IONOS: "Too many messages have been received in a short period of time … in a few hours" ---------
  ...['*.gmx.net', '*.web.de', '*.mail.com', '*.kundenserver.de'].map((host) => ({
    name: 'gmx, web.de: too many messages',
    host,
    code: '4xx',
    text: '*too many messages*',
    wait: HOUR,
    connections: 1,
    perMinute: 5,
    for: 6 * HOUR,
  })),

  // ---- T-Online: mx00.t-online.de -------------------------------------------------------------------------------------------
  {
    name: 't-online: too many',
    host: '*.t-online.de',
    code: '4xx',
    text: '*too many*',
    wait: 5 * MINUTE,
    connections: 1,
    perMinute: 30,
    for: 2 * HOUR,
  },
  { name: 't-online: closing', host: '*.t-online.de', code: '421', wait: 5 * MINUTE, connections: 2, for: HOUR },

  // ---- Comcast, Orange --------------------------------------------------------------------------------------------------------
  {
    name: 'comcast: throttled',
    host: '*.comcast.net',
    code: '421',
    text: '*rl0000*',
    wait: 15 * MINUTE,
    connections: 2,
    perMinute: 30,
    for: 2 * HOUR,
  },
  {
    name: 'orange: too many connections',
    host: '*.orange.fr',
    code: '421',
    text: '*ofr004*',
    wait: 5 * MINUTE,
    connections: 1,
    for: 2 * HOUR,
  },
  {
    name: 'orange: refused for now',
    host: '*.orange.fr',
    code: '421',
    text: '*ofr*',
    wait: 15 * MINUTE,
    connections: 1,
    perMinute: 20,
    for: 2 * HOUR,
  },

  // ---- whoever says so ----------------------------------------------------------------------------------------------------------
  {
    name: 'too many connections',
    code: '4xx',
    text: '*too many*connections*',
    wait: 30_000,
    connections: 2,
    for: HOUR,
  },
  { name: 'too many connections', code: '4xx', text: '*too many*sessions*', wait: 30_000, connections: 2, for: HOUR },
  { name: 'too many connections', code: '4xx', text: '*connection*limit*', wait: 30_000, connections: 2, for: HOUR },
  { name: 'too fast', code: '4xx', text: '*rate limit*', wait: 5 * MINUTE, connections: 2, perMinute: 30, for: HOUR },
  {
    name: 'too fast',
    code: '4xx',
    text: '*too many messages*',
    wait: 5 * MINUTE,
    connections: 2,
    perMinute: 30,
    for: HOUR,
  },
  { name: 'too fast', code: '4xx', text: '*throttl*', wait: 5 * MINUTE, connections: 2, perMinute: 30, for: HOUR },
  { name: 'too fast', code: '4xx', text: '*too fast*', wait: 5 * MINUTE, connections: 2, perMinute: 30, for: HOUR },
]
