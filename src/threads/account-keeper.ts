import type { AccountKeeper } from '#admin/parts.ts'
import type { Clock } from '#base/clock.ts'
import { Fault } from '#base/fault.ts'
import type { Directory } from '#directory/contract.ts'
import type { Events } from '#events/contract.ts'
import type { Sentence } from '#gate/record.ts'
import { formatStory } from '#queue/answers.ts'
import type { Delivery, DirectoryStore, Frozen, QueueStore, UserRow } from '#store/contract.ts'
import { ADMINISTRATOR, type Notices } from './notices.ts'

export interface AccountKeeperParts {
  readonly directory: Pick<Directory, 'findLogin'>
  readonly store: Pick<DirectoryStore, 'setUser'>
  readonly queue: Pick<QueueStore, 'hold' | 'release' | 'remove'>
  /** End the sessions of this user in every thread; resolves when they take nothing more. */
  readonly endSessionsOf: (user: string) => Promise<void>
  /** What was held or released stands in the queue: the delivery thread is to look again. */
  readonly queueChanged: () => void
  readonly notices: Notices
  readonly clock: Clock
  readonly events: Pick<Events, 'accountFrozen' | 'accountReleased' | 'faulted'>
}

/** Stops hijacked accounts, by command or by the sentence of a limit. */
export interface KeptAccounts extends AccountKeeper {
  /** Carry out what a session's judgement asks for; never rejects. */
  carryOut(sentence: Extract<Sentence, { is: 'freeze' }>, ref: string | undefined): Promise<void>
}

/** Create the keeper of accounts on the main thread. */
export function createAccountKeeper(parts: AccountKeeperParts): KeptAccounts {
  const { store, queue, notices, clock, events } = parts
  const underWay = new Set<string>()

  async function find(address: string): Promise<UserRow> {
    const user = await parts.directory.findLogin(address)
    if (user === undefined) {
      throw new Fault(`There is no user ${address}: see postern user list`, { temporary: false })
    }
    return user
  }

  /** Stop the account. The order matters: from the first step on nothing new is taken, so what is held afterwards is all there is. */
  async function stop(user: UserRow, frozen: Frozen): Promise<number> {
    await store.setUser(user.address, { frozen })
    await parts.endSessionsOf(user.address)
    const held = await queue.hold({ user: user.address })
    parts.queueChanged()
    const { why, by, ref } = frozen
    events.accountFrozen({ user: user.address, why, by, held, ...(ref === undefined ? {} : { ref }) })
    await notices.send({
      to: user.address,
      subject: 'Sending from your account has been stopped',
      text: ownerText(user.address, frozen),
    })
    await notices.send({
      to: ADMINISTRATOR,
      subject: `Account stopped: ${user.address}`,
      text: administratorText(user.address, frozen, held),
    })
    return held
  }

  return {
    async freeze(address, { why, by }) {
      const user = await find(address)
      if (user.frozen !== undefined) {
        throw new Fault(`The account ${user.address} is stopped already: ${user.frozen.why}`, { temporary: false })
      }
      return { held: await stop(user, { sinceMs: clock.nowMs(), why, by }) }
    },

    async release(address, { by, deleteQueued }) {
      const user = await find(address)
      // What is to be deleted goes before the account may send: it must not slip away.
      const removed = deleteQueued ? await queue.remove({ user: user.address }, removal(by, clock.nowMs())) : 0
      await store.setUser(user.address, { frozen: null })
      const released = deleteQueued ? 0 : await queue.release({ user: user.address })
      parts.queueChanged()
      events.accountReleased({ user: user.address, by, released, removed })
      return { released, removed }
    },

    async carryOut({ user: address, rule, evidence }, ref) {
      if (underWay.has(address)) return
      underWay.add(address)
      try {
        const user = await find(address)
        const frozen = { sinceMs: clock.nowMs(), why: evidence, by: rule, ...(ref === undefined ? {} : { ref }) }
        if (user.frozen === undefined) await stop(user, frozen)
      } catch (error) {
        events.faulted({ what: `stopping the account ${address}`, error })
      } finally {
        underWay.delete(address)
      }
    },
  }
}

/** What is told of mail that was deleted as its account was let go. */
function removal(by: string, atMs: number): Pick<Delivery, 'atMs' | 'story'> {
  const because = `deleted as the account was released by ${by}`
  return { atMs, story: formatStory({ tries: 0, is: 'removed', because }) }
}

function ownerText(address: string, { why }: Frozen): string {
  return `Sending mail from ${address} has been stopped, because of what was sent from it:

    ${why}

If this was not you, somebody else knows your password: change it, and tell your administrator.
If it was you, tell your administrator, who can let the account send again.
You can go on reading your mail. Mail that was waiting to be sent is held, not lost.
`
}

function administratorText(address: string, { why, by, ref }: Frozen, held: number): string {
  const explain = ref === undefined ? '' : `\nWhat was seen, rule by rule:     postern explain ${ref}`
  return `Sending from the account ${address} has been stopped (by ${by}):

    ${why}

Its sessions have been ended, and ${held} recipients of its mail that waited in the queue are held.
Change its password before you let it send again.
${explain}
Let it send, and what waits go:  postern user release ${address}
Let it send, delete what waits:  postern user release ${address} --delete-queued
`
}
