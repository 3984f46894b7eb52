/** What each rule's refusal means, for an administrator who knows no SMTP, and what to do if it hit the wrong one. */

export interface PlainWords {
  /** What happened. */
  readonly means: string
  /** What to do where an honest sender was refused. */
  readonly todo: string
}

const RELEASE = 'release the account (postern user release ADDRESS)'
const LIFT = 'lift the block (postern blocks lift ADDRESS)'

const TOO_MANY_MESSAGES: PlainWords = {
  means: 'This client sent more messages within an hour than one address may.',
  todo: 'An honest server waits and comes back. A busy one of your own can be put into limits.exemptGroup.',
}
const ACCOUNT_TOO_MUCH: PlainWords = {
  means: 'This account sent more than one account may: a newsletter, or a stolen password.',
  todo: 'Ask the owner. If it was the owner, raise the account limit; if not, change the password.',
}
const PROBES: PlainWords = {
  means:
    'So many addresses were asked for from this address, and sent nothing, that it looks like collecting addresses.',
  todo: `If it was an honest sender, ${LIFT}.`,
}
const TOO_BIG: PlainWords = {
  means: 'The message is larger than this server takes.',
  todo: 'Send it in another way, or raise session.maxMessageSize.',
}

/** By the name of the rule, of the reason for which a client is blocked, or of the protocol's own refusals. */
export const PLAIN_WORDS: Readonly<Record<string, PlainWords>> = {
  // ---- connecting
  'service-access': {
    means: 'The service is kept for a group of addresses, and this client has none of them.',
    todo: 'If it should have access, add its address to that group.',
  },
  'service-connections': {
    means: 'So many connections were open at once that the service took no more for a moment.',
    todo: 'Nothing is lost: the sender comes back. If it happens often, raise maxConnections of the service.',
  },
  blocked: {
    means: 'The address of this client is blocked: by an administrator, or because of what came from it before.',
    todo: `If the client is honest, ${LIFT}; if it must never be blocked, put it on the list for that (postern blocks never add ADDRESS).`,
  },
  'client-connections': {
    means: 'This client held more connections open at once than one address may.',
    todo: 'An honest server waits and comes back. A busy one of your own can be put into limits.exemptGroup.',
  },
  'connections-per-minute': {
    means: 'This client connected more often within a minute than one address may.',
    todo: 'An honest server waits and comes back. A busy one of your own can be put into limits.exemptGroup.',
  },
  'reverse-name': {
    means: 'The address of this client has no name in DNS (no PTR entry), which real mail servers have.',
    todo: 'Tell its administrator, or turn sender.requirePtr off: some honest servers lack the entry.',
  },
  'early-talker': {
    means: 'The client began to talk before it was greeted. Mail servers wait; programs that send spam often do not.',
    todo: 'If an honest device does this, let it send on the submission port, which has no delay.',
  },

  // ---- logging in
  'sign-in': {
    means: 'Somebody tried to log in with a wrong name or password.',
    todo: 'If it was a user of yours, the password saved in their program is wrong. Mind that it may have been a guess.',
  },
  'failed-logins': {
    means: 'So many different names or passwords were tried from this address that it looks like guessing.',
    todo: `If it was a user with a forgotten password, ${LIFT}. No account was locked.`,
  },
  'account-networks': {
    means:
      'This account was used from more networks within a day than one person is likely to visit: its password may be known to others.',
    todo: `Change the password, then ${RELEASE}. For a person who travels, raise limits.account.networksPerDay.`,
  },
  'submission-login': {
    means: 'This service is for users who log in, and the client did not.',
    todo: "Turn on authentication in the sender's mail program, or add a device that cannot log in to the relay group.",
  },

  // ---- the sender
  'account-frozen': {
    means:
      'Sending from this account is frozen: by an administrator, or because it behaved as if somebody else had its password.',
    todo: `Ask the owner. Where somebody else may know the password, change it first; then ${RELEASE}.`,
  },
  'declared-size': TOO_BIG,
  'sender-domain': {
    means:
      "The domain of the sender's address does not exist in DNS, or could not be looked up: an answer could never reach it.",
    todo: 'If the sender is honest, the DNS of their domain is broken; tell them. A lookup that failed is tried again by itself.',
  },
  'local-sender': {
    means: 'Somebody who is not logged in wrote a message as if from an address of yours.',
    todo: 'A user should log in; a device or newsletter service of yours can be added to the relay group.',
  },
  'sender-login': {
    means: 'A user who is logged in wrote as somebody else.',
    todo: 'Give the user that address (as an alias that leads to the user alone), or turn sender.mustMatchLogin off.',
  },
  'messages-per-hour': TOO_MANY_MESSAGES,

  // ---- the recipient
  'recipient-count': {
    means: 'The message has more recipients than one message may have; it went to the first of them.',
    todo: 'Nothing is lost: the sender sends it again to the rest. If that fails, raise session.maxRecipients.',
  },
  relay: {
    means:
      'Somebody who may not do so tried to send mail through this server to another domain. This is how spammers abuse a server.',
    todo: 'If it was one of your own, let them log in, or add their address to the relay group (relay.ipGroup).',
  },
  'user-scope': {
    means: 'This user may write to local domains only, and wrote to another one.',
    todo: 'If the user should be allowed to, take the mark "local domains only" away.',
  },
  mailbox: {
    means: 'The recipient does not exist here, is disabled, or has a full mailbox.',
    todo: 'See where the address ends: postern check-address ADDRESS.',
  },
  'unknown-recipients': {
    means: 'So many addresses that do not exist were tried from this address that it looks like guessing.',
    todo: `If it was an honest sender with an old list, ${LIFT}.`,
  },
  'recipient-probes': PROBES,
  'denied-relays': {
    means: 'This client kept trying to send through this server to other domains: it was looking for one to abuse.',
    todo: `If it was one of your own, let it log in or add it to the relay group, and ${LIFT}.`,
  },
  'account-recipients': ACCOUNT_TOO_MUCH,
  'account-new-recipients': {
    means: 'This account wrote to many people it never wrote to before, which is what a stolen password is used for.',
    todo: `Ask the owner. If it was not the owner, change the password first; then ${RELEASE}. If it was, raise limits.account.newRecipientsPerDay too.`,
  },

  // ---- the message
  'message-size': TOO_BIG,
  hops: {
    means: 'The message has passed so many servers that it must be going round in a circle.',
    todo: 'Look for two servers that forward to each other; the Received lines of the message name them.',
  },
  'account-messages': ACCOUNT_TOO_MUCH,
  'account-bounces': {
    means:
      'Very many of the addresses that this account wrote to do not exist or refuse its mail, which is what a stolen password and a bought list look like.',
    todo: `Ask the owner. If it was not the owner, change the password first; then ${RELEASE}.`,
  },

  // ---- the whole session
  'failed-commands': {
    means: 'The client said too much that failed: a program gone wrong, or one that tries out what works.',
    todo: 'Look at what was refused before, and why; the last refusal is only the end of it.',
  },
  'broken-trust': {
    means: 'A trusted address behaved like many strangers: a proxy or router there may hide the real clients.',
    todo: 'Let the proxy pass on the client addresses (services.NAME.proxyFrom), or take it out of the group; then give its trust back (postern trust restore IP).',
  },
}
