import type { Maildrop, MaildropMessage } from '../maildrop.ts'

const LINES_IN_BLOCK = 1000

/** Give a line for each message not marked for deletion, in blocks, so that a listing of any length is sent as it is made. */
export function* listingOf(drop: Maildrop, lineOf: (message: MaildropMessage) => string): Generator<string> {
  for (let from = 1; from <= drop.last; from += LINES_IN_BLOCK) {
    let block = ''
    const to = Math.min(drop.last, from + LINES_IN_BLOCK - 1)
    for (let number = from; number <= to; number += 1) {
      const message = drop.message(number)
      if (message !== undefined) block += lineOf(message)
    }
    yield block
  }
}

/** Read a count or a message number: decimal digits; undefined for anything else. */
export function parseCount(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined
}

/** Find the message that an argument names, or give the reply that says why there is none. */
export function findMessage(drop: Maildrop, text: string): MaildropMessage | 'badArguments' | 'noSuchMessage' {
  const number = parseCount(text)
  if (number === undefined) return 'badArguments'
  return drop.message(number) ?? 'noSuchMessage'
}
