import { REPLIES, type ReplyName, type ReplyRow } from '#smtp/replies.ts'

/** Give a reply's line as a client would read it, without its reference. */
export function renderReply(name: ReplyName): string {
  const { code, detail, text }: ReplyRow = REPLIES[name]
  return detail === undefined ? `${code} ${text}` : `${code} ${Math.floor(code / 100)}.${detail} ${text}`
}
