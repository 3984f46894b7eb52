import { Fault } from '#base/fault.ts'
import { CELL_BYTES, HEADER, HEADER_BYTES, NUMBERS, PAYLOAD_BYTES, type SharedLedger, WAYS } from './cell-table.ts'
import { deriveKey } from './keyed-hash.ts'
import { hrtimeMs } from './ledger-time.ts'
import { connectionsBytes } from './open-connections.ts'

export type { SharedLedger } from './cell-table.ts'

export interface ReserveOptions {
  /** `ledger.memory`: all of it but the little that connections and times take. */
  readonly bytes: number
  /** Of the server, the same at each start: the counts that outlive a start are found by it. */
  readonly secret: Uint8Array
  /** The wall clock, read once: ledger time starts here and goes on by itself (see `ledger-time.ts`). */
  readonly nowMs?: number
}

/** Reserve the memory that all threads share, empty; throws a Fault when the machine has not so much. */
export function reserveLedger({ bytes, secret, nowMs = Date.now() }: ReserveOptions): SharedLedger {
  const cells = Math.max(1, Math.floor(bytes / (WAYS * CELL_BYTES))) * WAYS
  const shared = allocate(cells, bytes)
  const words = new Int32Array(shared.header)
  const numbers = new Float64Array(shared.header)
  const [key0, key1] = deriveKey(secret)
  words[HEADER.key0] = key0
  words[HEADER.key1] = key1
  words[HEADER.generation] = 1
  numbers[NUMBERS.originMs] = nowMs - hrtimeMs()
  return shared
}

function allocate(cells: number, bytes: number): SharedLedger {
  try {
    return {
      header: new SharedArrayBuffer(HEADER_BYTES),
      tags: new SharedArrayBuffer(cells * 4),
      checks: new SharedArrayBuffer(cells * 4),
      ends: new SharedArrayBuffer(cells * 4),
      payloads: new SharedArrayBuffer(cells * PAYLOAD_BYTES),
      connections: new SharedArrayBuffer(connectionsBytes),
    }
  } catch (cause) {
    throw new Fault(
      `Cannot reserve ${bytes} bytes for the counts behind the limits: the machine does not give them. Lower ledger.memory and start again`,
      { temporary: false, cause },
    )
  }
}
