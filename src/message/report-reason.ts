import type { Reason } from './report-words/words.ts'

/** What an enhanced status code tells a layman, by its subject and detail (RFC 3463 §3, and the registry that RFC 5248 made). */
const BY_STATUS: Readonly<Record<string, Reason>> = {
  '1.0': 'noSuchAddress',
  '1.1': 'noSuchAddress',
  '1.2': 'noSuchDomain',
  '1.3': 'noSuchAddress',
  '1.4': 'noSuchAddress',
  '1.6': 'addressMoved',
  '1.10': 'takesNoMail', // RFC 7505 §4.1
  '2.0': 'mailboxDisabled',
  '2.1': 'mailboxDisabled',
  '2.2': 'mailboxFull',
  '2.3': 'tooBig',
  '3.0': 'serverTrouble',
  '3.1': 'unreachable',
  '3.2': 'unreachable',
  '3.3': 'content',
  '3.4': 'tooBig',
  '3.5': 'serverTrouble',
  '4.1': 'unreachable',
  '4.2': 'unreachable',
  '4.3': 'unreachable',
  '4.4': 'noSuchDomain',
  '4.5': 'unreachable',
  '4.6': 'loop',
  '4.7': 'expired',
  '5.3': 'tooManyRecipients',
  '6.7': 'internationalAddress', // RFC 6531 §3.5, with the two below
  '6.8': 'internationalAddress',
  '6.9': 'internationalAddress',
  '6.10': 'internationalAddress',
  '7.2': 'listMembersOnly',
  '7.4': 'unencrypted',
  '7.5': 'unencrypted',
  '7.8': 'serverTrouble',
  '7.9': 'serverTrouble',
  '7.10': 'unencrypted',
  '7.11': 'unencrypted',
  '7.30': 'unencrypted', // RFC 8689 §5
}

const BY_SUBJECT: Readonly<Record<string, Reason>> = { '4': 'unreachable', '6': 'content', '7': 'refused' }

/** Find what a status code such as `5.1.1` tells a layman; `isOurs`: no other server has said it. */
export function reasonOf(status: string, isOurs = false): Reason {
  const [, subject = '', detail = ''] = /^[245]\.(\d{1,3})\.(\d{1,3})$/.exec(status) ?? []
  const key = `${subject}.${detail}`
  // RFC 3463 §3.8: what stops a message here for a reason of policy is a person.
  if (isOurs && key === '7.0') return 'sentBack'
  if (Object.hasOwn(BY_STATUS, key)) return BY_STATUS[key] as Reason
  return Object.hasOwn(BY_SUBJECT, subject) ? (BY_SUBJECT[subject] as Reason) : 'other'
}
