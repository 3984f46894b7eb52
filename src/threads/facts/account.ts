import { clientNetworks } from '#base/client-networks.ts'
import type { Account, AccountCounts, FactReaders } from '#gate/facts.ts'
import type { Subject } from '#gate/subject.ts'
import { type Awaitable, DAY_MS, HOUR_MS, type Question } from '#ledger/contract.ts'
import type { Settings } from '#settings/schema.ts'
import type { UserRow } from '#store/contract.ts'
import type { FactSources } from '../facts.ts'
import { ACCOUNT } from './counters.ts'
import { domainOf } from './sender.ts'
import { when } from './when.ts'

type AccountFacts = Pick<
  FactReaders<Subject>,
  'account' | 'accountCounts' | 'accountMessageTaken' | 'accountNetworks' | 'recipientKnown'
>

/** Create the readers of what the account that logged in may do, and did. */
export function createAccountFacts({ settings, store, directory, ledger }: FactSources): AccountFacts {
  function owner(user: string): Awaitable<UserRow | undefined> {
    return when(store.directory.owner(user), (found) => (found?.is === 'user' ? found.user : undefined))
  }

  function look(user: string): Awaitable<readonly number[]> {
    return ledger.ask(accountQuestions(user))
  }

  return {
    account({ user }) {
      return user === undefined ? undefined : when(owner(user), accountOf)
    },

    accountCounts({ user }) {
      return user === undefined ? undefined : when(look(user), countsOf)
    },

    accountMessageTaken(subject) {
      const { user } = subject
      if (user === undefined) return undefined
      const adds = addsOf(subject)
      const most = limitsOf(settings())
      return when(look(user), (counts) => {
        const next = counts.map((count, index) => count + (adds[index] ?? 0))
        // A message that is not taken must count nowhere, so all is looked at before any is counted. What it adds nothing to does
        // not stop it, high as that may be.
        const passes = (count: number, index: number) => count > (most[index] ?? Number.POSITIVE_INFINITY)
        if (next.some((count, index) => adds[index] !== 0 && passes(count, index))) return countsOf(next)
        const questions = accountQuestions(user).map((question, index) => counting(question, adds[index], most[index]))
        return when(ledger.ask(questions), countsOf)
      })
    },

    accountNetworks({ user, ip }) {
      if (user === undefined) return undefined
      const question: Question = {
        of: ACCOUNT.networks,
        by: user,
        withinMs: DAY_MS,
        add: 1,
        distinct: siteOf(ip),
      }
      return when(ledger.ask([question]), ([networks = 1]) => networks)
    },

    recipientKnown({ user, recipient }) {
      const domain = recipient === undefined ? undefined : domainOf(recipient)
      if (user === undefined || recipient === undefined || domain === undefined) return true
      return when(directory.isLocalDomain(domain), (isLocal) => {
        if (isLocal) return true
        return when(owner(user), (row) =>
          row === undefined ? false : store.contacts.knows(row.id, recipient.toLowerCase()),
        )
      })
    },
  }
}

/** An account that went, or was switched off, since the login sends nothing more. */
function accountOf(user: UserRow | undefined): Account {
  if (user === undefined) return { localDomainsOnly: true, frozen: 'the account is no longer there' }
  const { localDomainsOnly, frozen, disabled } = user
  if (frozen !== undefined) return { localDomainsOnly, frozen: frozen.why }
  return disabled ? { localDomainsOnly, frozen: 'the account is disabled' } : { localDomainsOnly }
}

/** The questions behind `AccountCounts`, in the order of `countsOf`, `addsOf` and `limitsOf`. */
function accountQuestions(user: string): readonly Question[] {
  return [
    { of: ACCOUNT.messages, by: user, withinMs: HOUR_MS },
    { of: ACCOUNT.messages, by: user, withinMs: DAY_MS },
    { of: ACCOUNT.recipients, by: user, withinMs: HOUR_MS },
    { of: ACCOUNT.recipients, by: user, withinMs: DAY_MS },
    { of: ACCOUNT.newRecipients, by: user, withinMs: DAY_MS },
    { of: ACCOUNT.bounces, by: user, withinMs: DAY_MS },
    { of: ACCOUNT.returned, by: user, withinMs: DAY_MS },
  ]
}

function countsOf(counts: readonly number[]): AccountCounts {
  const [
    messagesInHour = 0,
    messagesInDay = 0,
    recipientsInHour = 0,
    recipientsInDay = 0,
    newRecipientsInDay = 0,
    bouncesInDay = 0,
    returnedInDay = 0,
  ] = counts
  return {
    messagesInHour,
    messagesInDay,
    recipientsInHour,
    recipientsInDay,
    newRecipientsInDay,
    bouncesInDay,
    returnedInDay,
  }
}

/** What one message adds. */
function addsOf({ recipientCount = 0, newRecipientCount = 0 }: Subject): readonly number[] {
  return [1, 1, recipientCount, recipientCount, newRecipientCount, 0, 0]
}

/** What each count may reach before the message is not taken; where it is only observed, the message is taken. */
function limitsOf({ limits: { account }, rules }: Settings): readonly number[] {
  function most(limit: number | 'unlimited', rule: { readonly action: string }): number {
    return limit === 'unlimited' || rule.action === 'observe' ? Number.POSITIVE_INFINITY : limit
  }
  return [
    most(account.messagesPerHour, rules.accountMessages),
    most(account.messagesPerDay, rules.accountMessages),
    most(account.recipientsPerHour, rules.accountRecipients),
    most(account.recipientsPerDay, rules.accountRecipients),
    most(account.newRecipientsPerDay, rules.accountNewRecipients),
    Number.POSITIVE_INFINITY,
    Number.POSITIVE_INFINITY,
  ]
}

function counting(question: Question, add = 0, most = Number.POSITIVE_INFINITY): Question {
  if (add === 0) return question
  return most === Number.POSITIVE_INFINITY ? { ...question, add } : { ...question, add, most }
}

/** Give the network that a client counts for as one place: the IPv4 /24, the IPv6 /48, which is one site (RFC 6177 §2). */
function siteOf(ip: string): string {
  if (ip.includes(':')) return clientNetworks(ip).at(-1)?.network ?? ip
  return `${ip.slice(0, ip.lastIndexOf('.'))}.0/24`
}
