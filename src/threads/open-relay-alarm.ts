import { openRelayWarning } from '#admin/open-relay-warning.ts'
import type { Alarm, Clock } from '#base/clock.ts'
import type { Events } from '#events/contract.ts'
import type { Settings } from '#settings/schema.ts'

const EVERY_MS = 3_600_000

export interface OpenRelayAlarm {
  /** The settings have changed: say so at once if the relay has been opened. */
  look(): void
  close(): void
}

/** Say in the log, at once and every hour, that the relay is open, for as long as it is. */
export function watchOpenRelay(
  clock: Clock,
  settings: () => Settings,
  events: Pick<Events, 'relayIsOpen'>,
): OpenRelayAlarm {
  let alarm: Alarm | undefined

  function say(): void {
    alarm = undefined
    const says = openRelayWarning(settings())
    if (says === undefined) return
    events.relayIsOpen({ where: 'relay.mode', says })
    alarm = clock.after(EVERY_MS, say)
  }

  say()
  return {
    look() {
      if (alarm === undefined) say()
    },
    close: () => alarm?.cancel(),
  }
}
