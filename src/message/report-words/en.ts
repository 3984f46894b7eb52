import type { ReportWords } from './words.ts'

/** Say it in English. */
export const en: ReportWords = {
  from: 'Mail delivery',
  subject: {
    failed: 'Your message could not be delivered',
    delayed: 'Your message has not been delivered yet',
    relayed: 'Your message was passed on',
    delivered: 'Your message was delivered',
    expanded: 'Your message was passed on to several recipients',
  },
  happened: {
    failed: 'Your message of {date} could not be delivered to:',
    delayed: 'Your message of {date} has not been delivered yet to:',
    relayed: 'Your message of {date} was passed on to the next mail server for:',
    delivered: 'Your message of {date} was delivered to:',
    expanded: 'Your message of {date} was passed on to all who are behind this address:',
  },
  reasons: {
    noSuchAddress: {
      what: 'The address does not exist.',
      advice: 'Please check its spelling. If it is right, ask the recipient for the current address.',
    },
    addressMoved: {
      what: 'The recipient has moved to another address.',
      advice: 'Please ask the recipient for the current address. The technical details below may name it.',
    },
    noSuchDomain: {
      what: 'The part of the address after the @ does not exist, or has no mail server.',
      advice: 'Please check its spelling.',
    },
    takesNoMail: {
      what: 'The part of the address after the @ belongs to a domain that takes no mail at all.',
      advice: 'Please check the address, or reach the recipient in another way.',
    },
    mailboxDisabled: {
      what: 'The mailbox is switched off, or takes no mail from you.',
      advice: 'Please reach the recipient in another way.',
    },
    mailboxFull: {
      what: "The recipient's mailbox is full.",
      advice: 'Please tell the recipient in another way, or send the message again in a few days.',
    },
    tooBig: {
      what: "The message is bigger than the recipient's mail server takes.",
      advice: 'Please send it again without its attachments or with smaller ones, or offer them for download.',
    },
    tooManyRecipients: {
      what: "The message has more recipients than the recipient's mail server takes at once.",
      advice: 'Please send it again to fewer recipients at a time.',
    },
    unreachable: {
      what: "The recipient's mail server could not be reached, or could not take the message.",
      advice: 'Please check the part of the address after the @. If it is right, try again later.',
    },
    expired: {
      what: "The recipient's mail server did not take the message in time, although it was tried again and again.",
      advice: 'Please check the part of the address after the @. If it is right, try again later.',
    },
    loop: {
      what: 'The message went in circles: mail servers sent it back and forth.',
      advice:
        "Please tell the recipient in another way: only the administrators of the recipient's mail can mend this.",
    },
    internationalAddress: {
      what: "The recipient's mail server does not support addresses with letters beyond a-z.",
      advice: 'Please ask the recipient for an address without such letters, or send from one.',
    },
    content: {
      what: "The recipient's mail server cannot handle the form of the message.",
      advice: 'Please send it again as plain text, without attachments.',
    },
    listMembersOnly: {
      what: 'You are not allowed to send to this address or mailing list.',
      advice: 'Please ask its owner to let you.',
    },
    unencrypted: {
      what: "The message may only travel encrypted and to a server that proves who it is, and the recipient's mail server did not.",
      advice: "Please tell the recipient in another way: the administrators of the recipient's mail can mend this.",
    },
    refused: {
      what: "The recipient's mail server refused the message: it takes it for unwanted, or its rules forbid it.",
      advice: 'Please read its answer in the technical details below, or ask your administrator to.',
    },
    sentBack: {
      what: 'An administrator of this mail server stopped the message and sent it back.',
      advice: 'Please ask your administrator why.',
    },
    serverTrouble: {
      what: 'A mail server on the way has a fault or is set up wrongly.',
      advice: 'Please tell your administrator, with the technical details below.',
    },
    other: {
      what: "The recipient's mail server did not take the message.",
      advice: 'Its answer is in the technical details below; your administrator can help to read it.',
    },
  },
  triedUntil: 'You need not do anything. Delivery is tried again until {date}; please do not send the message again.',
  triedOn: 'You need not do anything. Delivery is tried again; please do not send the message again.',
  noMoreNews: 'That server does not confirm delivery, so you will hear no more of it unless it fails.',
  andMore: 'and {count} more',
  details: 'Technical details',
  reference: 'Reference',
  answered: 'the server {host} answered:',
  inEnglish: 'In English',
}
