import { Fault } from '#base/fault.ts'
import type { References } from '#base/reference.ts'
import type { DecisionStore } from '#store/contract.ts'

/** Numbers a thread reserves at once: enough for a long burst, few enough that a restart wastes little of 2^40. */
const RUN = 32_768

/** Hands out the numbers of decision records without waiting for the store. */
export interface ReferenceNumbers {
  next(): { readonly id: number; readonly ref: string }
}

/** Reserve a first run of numbers and give what hands them out; the next run is fetched when half of one is spent. */
export async function openReferenceNumbers(
  decisions: Pick<DecisionStore, 'reserve'>,
  references: References,
  faulted: (error: unknown) => void,
): Promise<ReferenceNumbers> {
  let next = await decisions.reserve(RUN)
  let end = next + RUN
  let spare: number | undefined
  let fetching = false

  function fetchSpare(): void {
    fetching = true
    decisions
      .reserve(RUN)
      .then((first) => {
        spare = first
      }, faulted)
      .finally(() => {
        fetching = false
      })
  }

  return {
    next() {
      if (next === end) {
        if (spare === undefined)
          throw new Fault('Cannot number a decision: the store gave no numbers', { temporary: true })
        next = spare
        end = next + RUN
        spare = undefined
      }
      if (end - next < RUN / 2 && spare === undefined && !fetching) fetchSpare()
      const id = next
      next += 1
      return { id, ref: references.format(id) }
    },
  }
}
