import type { LedgerState } from '../contract.ts'
import { CELL_BYTES, type Table, WAYS } from './cell-table.ts'

/** Above so many cells only some of the sets are counted: keys are spread evenly, and a bigger table takes no longer. */
const MOST_COUNTED = 1 << 20

/** Count the cells that stand now; a thread may write meanwhile, so it is a moment's figure. */
export function countCells(table: Table, nowSeconds: number): Omit<LedgerState, 'letGo'> {
  const room = table.tags.length
  const step = Math.max(1, Math.floor(room / MOST_COUNTED)) * WAYS
  let standing = 0
  let looked = 0
  for (let first = 0; first < room; first += step) {
    looked += WAYS
    for (let cell = first; cell < first + WAYS; cell += 1) {
      if (table.tags[cell] !== 0 && (table.ends[cell] as number) >= nowSeconds) standing += 1
    }
  }
  return { bytes: room * CELL_BYTES, cells: Math.round((standing * room) / looked), room }
}
