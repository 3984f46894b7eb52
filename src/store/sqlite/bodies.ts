/** Bodies that are kept in pieces: their numbers and sizes, and the line that stands before every message. */

import type { DatabaseSync } from 'node:sqlite'
import { Fault } from '#base/fault.ts'

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

/** Give the function that reads a body after what stands in front of it; `sizeBytes` are the body's. */
export function openPieces(db: DatabaseSync) {
  const piece = db.prepare('SELECT data FROM piece WHERE id = ?')
  piece.setReturnArrays(true)
  return function* pieces(head: readonly Uint8Array[], body: number, sizeBytes: number): Generator<Uint8Array> {
    yield* head
    let left = sizeBytes
    for (let id = piecesOf(body).first; left > 0; id += 1) {
      const row = piece.get(id) as unknown as [Uint8Array] | undefined
      if (row === undefined) {
        throw new Fault('Cannot read the message to its end: it was deleted meanwhile', { temporary: false })
      }
      left -= row[0].length
      yield row[0]
    }
  }
}
