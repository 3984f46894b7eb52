import { normalizeIp } from '#base/network-set.ts'
import { explainTrial } from '#review/explain-trial.ts'
import { type Hypothetical, readRecipient, readSender, tryOut } from '#review/try.ts'
import type { Tried, TryBody } from '../api.ts'
import { draftSettings } from '../draft.ts'
import type { AdminParts } from '../parts.ts'
import { Problem } from '../problem.ts'
import { ADDRESS, object, type Route, textUpTo } from '../route.ts'

const MOST_BYTES = 16 * 1024 * 1024

const BODY = object(
  {
    service: { enum: ['smtp', 'submission', 'submissions'] },
    ip: textUpTo(64),
    helo: textUpTo(512),
    from: ADDRESS,
    to: { type: 'array', items: ADDRESS, minItems: 1, maxItems: 1000 },
    as: ADDRESS,
    failedLogin: ADDRESS,
    talkedEarly: { type: 'boolean' },
    popBeforeMinutes: { type: 'integer', minimum: 0, maximum: 1_000_000 },
    tls: { type: 'boolean' },
    message: object({ header: { type: 'string' }, sizeBytes: { type: 'integer', minimum: 0 } }, [
      'header',
      'sizeBytes',
    ]),
    draft: { type: 'string' },
  },
  ['ip', 'from', 'to'],
)

export const TRY_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/api/try',
    body: BODY,
    mostBytes: MOST_BYTES,
    async run({ body }, parts): Promise<Tried> {
      const asked = await hypotheticalOf(body as TryBody, parts)
      const settings = draftSettings((body as TryBody).draft, parts)
      const trial = await tryOut(asked, parts.facts(settings), settings)
      return { trial, text: explainTrial(asked, trial) }
    },
  },
]

async function hypotheticalOf(body: TryBody, { directory }: AdminParts): Promise<Hypothetical> {
  const ip = normalizeIp(body.ip)
  if (ip === undefined) throw new Problem(400, `Cannot read ${JSON.stringify(body.ip)}: expected an IP address`)
  const { service = 'smtp', from, to, helo, popBeforeMinutes, tls = false, message, failedLogin, talkedEarly } = body
  return {
    service,
    ip,
    tls,
    sender: read(from, readSender),
    recipients: to.map((recipient) => read(recipient, readRecipient)),
    ...(helo === undefined ? {} : { helo }),
    ...(talkedEarly === true ? { talkedEarly } : {}),
    ...(failedLogin === undefined ? {} : { failedLogin }),
    ...(popBeforeMinutes === undefined ? {} : { popBeforeMinutes }),
    ...(message === undefined ? {} : { message: { sizeBytes: message.sizeBytes, hops: countHops(message.header) } }),
    ...(body.as === undefined ? {} : { user: await userOf(body.as, directory) }),
  }
}

function read(address: string, reader: (text: string) => string | undefined): string {
  const read = reader(address)
  if (read !== undefined) return read
  throw new Problem(400, `Cannot read ${JSON.stringify(address)}: expected an address`, 'A session would answer 501')
}

/** The user as a login would have it: one who cannot log in has nothing to try. */
async function userOf(name: string, directory: AdminParts['directory']): Promise<string> {
  const user = await directory.findLogin(name)
  if (user === undefined) throw new Problem(404, `Nobody logs in as ${JSON.stringify(name)}`, 'See: postern user list')
  if (user.disabled) throw new Problem(409, `The user ${user.address} is disabled and cannot log in`)
  return user.address
}

/** Count the Received fields of a header (RFC 5321 §6.3). */
function countHops(header: string): number {
  return header.match(/^received:/gim)?.length ?? 0
}
