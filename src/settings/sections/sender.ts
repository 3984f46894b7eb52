import { flag } from '../kinds.ts'

const page = 'Security options'

/** Who may be written as the sender of a message, and what is asked of the client that brings it. */
export const sender = {
  requireDomainInDns: flag({
    default: true,
    about:
      "A stranger's message is taken only if the domain of its sender is found in DNS; while DNS cannot be asked it is deferred.",
    kerio: "Block if sender's mail domain was not found in DNS",
    page,
    applies: 'next message',
  }),
  requirePtr: flag({
    default: false,
    about:
      'A stranger on port 25 is served only if its address has a name in DNS (PTR); while DNS cannot be asked it is told to come back.',
    kerio: "Block if client's IP address has no reverse DNS entry (PTR)",
    page,
    applies: 'next connection',
  }),
  localRequiresAuth: flag({
    default: true,
    about:
      'A stranger may not send as an address of a local domain; who sends as one logs in, or is in the relay group.',
    kerio: "Require SMTP authentication if sender's address is from a local domain",
    page,
    applies: 'next message',
  }),
  mustMatchLogin: flag({
    default: true,
    about: 'A user that logged in sends only from addresses of their own.',
    kerio: 'Reject messages with spoofed sender identity',
    page,
    applies: 'next message',
  }),
} as const
