/** Bodies that are kept in pieces: their numbers and sizes, and the line that stands before every message. */

/** Bytes of a piece; the last may be shorter. */
export const PIECE_BYTES = 128 * 1024

/** Pieces that one body may have: 8 GiB, which is beyond every size that can be set. */
const PIECES = 65_536

/** Give the numbers of a body's pieces. */
export function piecesOf(body: number): { readonly first: number; readonly last: number } {
  return { first: body * PIECES, last: body * PIECES + PIECES - 1 }
}

/** Bytes of the Return-Path line besides the sender. */
export const RETURN_PATH_BYTES = 'Return-Path: <>\r\n'.length

/** Give the line that final delivery puts before a message (RFC 5321 §4.4). */
export function returnPath(sender: string): Uint8Array {
  return Buffer.from(`Return-Path: <${sender}>\r\n`)
}
