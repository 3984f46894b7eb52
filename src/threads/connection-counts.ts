import type { ServiceName } from '#settings/schema.ts'

/** The services whose connections are counted; the order is the row's. */
const COUNTED = ['smtp', 'submission', 'submissions', 'pop3', 'pop3s'] as const satisfies readonly ServiceName[]
type Counted = (typeof COUNTED)[number]

/** Open connections by service, over all threads. Each thread writes its own row, so a thread that died is forgotten by clearing it. */
export interface ConnectionCounts {
  /** Count one connection more, and give how many the service now has in all threads. */
  opened(service: Counted): number
  closed(service: Counted): void
  total(service: Counted): number
  /** Forget this thread's row: its connections died with it. */
  clear(): void
}

/** Reserve the shared memory for the counts of `threads` threads. */
export function shareConnectionCounts(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(threads * COUNTED.length * Int32Array.BYTES_PER_ELEMENT)
}

/** Give one thread's view of the shared counts. */
export function openConnectionCounts(shared: SharedArrayBuffer, thread: number): ConnectionCounts {
  const cells = new Int32Array(shared)
  const own = thread * COUNTED.length
  const columns = Object.fromEntries(COUNTED.map((service, column) => [service, column])) as Record<Counted, number>

  function total(service: Counted): number {
    let sum = 0
    for (let cell = columns[service]; cell < cells.length; cell += COUNTED.length) sum += Atomics.load(cells, cell)
    return sum
  }

  return {
    opened(service) {
      Atomics.add(cells, own + columns[service], 1)
      return total(service)
    },
    closed(service) {
      Atomics.sub(cells, own + columns[service], 1)
    },
    total,
    clear() {
      for (let column = 0; column < COUNTED.length; column += 1) Atomics.store(cells, own + column, 0)
    },
  }
}
