/** The way out as the main thread has it: the secrets for it, the delivery thread, and what an administrator does to the queue. */
import { join } from 'node:path'
import type { DeliveryDesk } from '#admin/delivery-desk.ts'
import type { Clock } from '#base/clock.ts'
import type { Dns } from '#base/dns.ts'
import type { References } from '#base/reference.ts'
import { createSeal } from '#base/seal.ts'
import { type Credentials, createCredentials } from '#deliver/credentials.ts'
import { createDkimDesk, type DkimDesk } from '#deliver/dkim/desk.ts'
import { createKeyRing } from '#deliver/dkim/key-ring.ts'
import { createReporter } from '#deliver/reporter.ts'
import { openVault } from '#deliver/vault.ts'
import type { Directory } from '#directory/contract.ts'
import type { Settings } from '#settings/schema.ts'
import type { Store } from '#store/contract.ts'
import { createBounceByHand } from './bounce-by-hand.ts'
import { type DeliveryOptions, startDelivery } from './delivery.ts'
import type { Policy } from './messages.ts'

/** What must be kept secret, and is used again. */
export interface Secrets {
  readonly keyFile: string
  readonly credentials: Credentials
  readonly dkim: DkimDesk
}

export interface OutgoingParts extends DeliveryOptions {
  readonly store: Pick<Store, 'queue' | 'messages'>
  readonly directory: Directory
  readonly settings: () => Settings
  readonly hostname: () => string
  readonly references: References
  readonly nextReference: () => { readonly id: number; readonly ref: string }
}

export interface Outgoing {
  readonly desk: DeliveryDesk
  adopt(policy: Policy): void
  stop(): Promise<void>
}

/** Holds the key that seals what the store keeps secret; a backup of the store is of no use to a thief without it. */
const SECRETS_KEY_FILE = 'secrets.key'

/** Open the secrets of a data directory: logins for relay servers, and the keys that sign. */
export function openSecrets(parts: {
  readonly dataDir: string
  readonly store: Pick<Store, 'vault'>
  readonly directory: Pick<Directory, 'isLocalDomain'>
  readonly dns: Pick<Dns, 'txt'>
  readonly clock: Pick<Clock, 'nowMs'>
}): Secrets {
  const { nowMs } = parts.clock
  const keyFile = join(parts.dataDir, SECRETS_KEY_FILE)
  const vault = openVault({ store: parts.store.vault, seal: createSeal(keyFile), nowMs })
  const ring = createKeyRing({ vault, nowMs })
  return {
    keyFile,
    credentials: createCredentials(vault),
    dkim: createDkimDesk({ ring, dns: parts.dns, isLocalDomain: parts.directory.isLocalDomain, nowMs }),
  }
}

/** Start the delivery thread, and put beside it what the administration does to the queue. */
export async function startOutgoing(parts: OutgoingParts): Promise<Outgoing> {
  const { store, directory, settings, hostname, clock, nextReference } = parts
  const delivery = await startDelivery(parts)
  const bounce = createBounceByHand({
    queue: store.queue,
    settings,
    clock,
    writeReport: createReporter({
      messages: store.messages,
      directory,
      hostname,
      settings,
      clock,
      nextReference,
      referenceOf: parts.references.format,
    }),
  })
  return { desk: { ...delivery, bounce }, adopt: delivery.adopt, stop: delivery.stop }
}
