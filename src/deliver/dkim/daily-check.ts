import type { Alarm, Clock } from '#base/clock.ts'
import type { DkimDesk, DkimRemark } from './desk.ts'

const DAY_MS = 86_400_000
/** After a start, when whatever else there is to do has been done. */
const FIRST_MS = 10 * 60_000

export interface DailyCheckParts {
  readonly clock: Pick<Clock, 'after'>
  readonly desk: Pick<DkimDesk, 'checkAll'>
  /** Told of each key that began to sign, and of each whose record is missing or wrong. */
  readonly told: (remark: DkimRemark) => void
  readonly faulted: (fault: { readonly what: string; readonly error: unknown }) => void
}

/** Look once a day whether the records of the keys that sign are in DNS, and let new keys sign; the answer ends it. */
export function checkDkimDaily({ clock, desk, told, faulted }: DailyCheckParts): () => void {
  let ended = false
  let alarm: Alarm = clock.after(FIRST_MS, () => void round())

  async function round(): Promise<void> {
    try {
      for (const remark of await desk.checkAll()) told(remark)
    } catch (error) {
      faulted({ what: 'looking for the DKIM records', error })
    }
    if (!ended) alarm = clock.after(DAY_MS, () => void round())
  }

  return () => {
    ended = true
    alarm.cancel()
  }
}
