import { groupName, listenAddress, networkOrGroup } from '../entries.ts'
import { flag, limit, list, optional } from '../kinds.ts'

const page = 'Services'

function service(name: string, listen: readonly string[]) {
  return {
    listen: list({
      of: listenAddress,
      default: listen,
      most: 64,
      about: `Where ${name} listens: ADDRESS or ADDRESS:PORT, with * for all addresses; an empty list turns it off.`,
      kerio: 'Services > Listening IP addresses',
      page,
      applies: 'at once',
    }),
    ipGroup: optional({
      of: groupName,
      about: `Only clients in this IP address group may use ${name}; null is everyone.`,
      kerio: 'Services > Allow access only from selected IP address group',
      page,
      applies: 'next connection',
    }),
    maxConnections: limit({
      default: 1000,
      min: 1,
      max: 1_000_000,
      about: `Connections to ${name} open at once; past it a new one is told to come back.`,
      kerio: 'Services > Limit number of concurrent connections',
      page,
      applies: 'next connection',
    }),
    proxyFrom: list({
      of: networkOrGroup,
      default: [],
      most: 1000,
      about: `Proxies (addresses, networks or group:NAME) that must tell the client's address by the PROXY protocol before ${name} begins.`,
      page,
      applies: 'next connection',
    }),
  }
}

function smtpService(name: string) {
  return {
    ...service(name, ['*']),
    auth: flag({
      default: true,
      about: `Users may log in on ${name} (only ever under TLS, or from this machine itself).`,
      page,
      applies: 'next connection',
    }),
  }
}

export const services = {
  smtp: smtpService('SMTP (port 25)'),
  submission: smtpService('submission (port 587, STARTTLS)'),
  submissions: smtpService('submission over TLS (port 465)'),
  pop3: service('POP3 (port 110)', ['*']),
  pop3s: service('POP3 over TLS (port 995)', ['*']),
  admin: service('the administration (port 8025)', ['127.0.0.1']),
} as const
