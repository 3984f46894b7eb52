import type { Settings } from '#settings/schema.ts'

/** Bears, on every answer over HTTP, what there is to be warned of; percent-encoded. */
export const WARNING_HEADER = 'postern-warning'

/** What a server that relays for anyone says of itself: on every page, with every command, and in the log. */
export const OPEN_RELAY_WARNING =
  'This server is an open relay: anyone who can reach it can send mail through it (relay.mode is open). ' +
  'Close it with: postern settings set relay.mode controlled'

/** Give the warning that these settings call for; undefined while the relay is controlled. */
export function openRelayWarning({ relay }: Pick<Settings, 'relay'>): string | undefined {
  return relay.mode === 'open' ? OPEN_RELAY_WARNING : undefined
}
