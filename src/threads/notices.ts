import type { Suspension } from '#base/block.ts'
import type { Clock } from '#base/clock.ts'
import type { Directory } from '#directory/contract.ts'
import type { Events } from '#events/contract.ts'
import { formatStory } from '#gate/story.ts'
import { formatNotice } from '#message/notice.ts'
import { formatKept } from '#smtp/replies.ts'
import type { MessageStore } from '#store/contract.ts'

/** Tells people by mail what an act of the server means for them. */
export interface Notices {
  /** Put a notice into the mailbox where this address ends; never rejects: an alarm that cannot be mailed is still in the log. */
  send(notice: { readonly to: string; readonly subject: string; readonly text: string }): Promise<void>
}

/** Where the administrator reads: `postmaster` always ends somewhere (RFC 5321 §4.5.1). */
export const ADMINISTRATOR = 'postmaster'

/** Tell the administrator that an address is trusted no more. */
export function suspensionNotice({ ip, evidence, ref }: Suspension): Parameters<Notices['send']>[0] {
  const explain = ref === undefined ? '' : `\nWhat was seen, rule by rule:  postern explain ${ref}`
  return {
    to: ADMINISTRATOR,
    subject: `Trust suspended: ${ip}`,
    text: `${ip} is in a trusted group, and behaves like many strangers:

    ${evidence}

From now on it is treated as a stranger: it may not relay, and its mail is checked. If a reverse proxy, a container
network or NAT hides many clients behind it, let it tell their addresses (services.NAME.proxyFrom), or take it out of
the group. If all its clients are known to you, give it its trust back.
${explain}
Who is trusted, and why:       postern trust list
Give it its trust back:        postern trust restore ${ip}
`,
  }
}

/** An attack on many accounts at once must not fill the administrator's mailbox: the log has them all. */
const MOST_AN_HOUR = 50
const HOUR_MS = 3_600_000

/** Create the sender of notices. */
export function createNotices(parts: {
  readonly directory: Pick<Directory, 'resolve'>
  readonly messages: Pick<MessageStore, 'accept'>
  readonly hostname: () => string
  readonly clock: Clock
  readonly nextReference: () => { readonly id: number; readonly ref: string }
  readonly events: Pick<Events, 'faulted'>
}): Notices {
  let sent: number[] = []

  async function put({ to, subject, text }: Parameters<Notices['send']>[0], nowMs: number): Promise<void> {
    const end = await parts.directory.resolve(to)
    if (end.is !== 'local') return
    const { id, ref } = parts.nextReference()
    const hostname = parts.hostname()
    const body = formatNotice({
      from: `postmaster@${hostname}`,
      to: to.includes('@') ? to : `${to}@${hostname}`,
      subject,
      text,
      dateMs: nowMs,
      messageId: `${ref}@${hostname}`,
    })
    const recipients = end.mailboxes.map(({ user }) => user)
    await parts.messages.accept({
      // RFC 3834 §3.3: no answer is wanted, and none may come back.
      sender: '',
      receivedAtMs: nowMs,
      trace: new Uint8Array(0),
      body,
      mailboxIds: [...new Set(end.mailboxes.map(({ mailboxId }) => mailboxId))],
      queue: end.external.map((recipient) => ({ recipient })),
      record: {
        id,
        atMs: nowMs,
        outcome: 'accepted',
        service: 'notice',
        ip: '127.0.0.1',
        sender: '',
        recipients,
        reply: formatKept(ref),
        story: formatStory({ service: 'notice', because: subject, findings: [] }),
      },
    })
  }

  return {
    async send(notice) {
      const nowMs = parts.clock.nowMs()
      sent = sent.filter((atMs) => nowMs - atMs < HOUR_MS)
      if (sent.length >= MOST_AN_HOUR) return
      sent.push(nowMs)
      try {
        await put(notice, nowMs)
      } catch (error) {
        parts.events.faulted({ what: `sending the notice "${notice.subject}" to ${notice.to}`, error })
      }
    },
  }
}
