/** What the administration sends and takes of credentials and of the keys that sign mail. */
import type { DkimDomain, DkimKey } from './secrets-desk.ts'

export interface CredentialsBody {
  readonly user: string
  readonly password: string
}

export interface CredentialsLine {
  readonly name: string
  readonly user: string
  readonly changed: string
  /** The rules of delivery.routes that log in by them. */
  readonly routes: readonly string[]
}

export interface CredentialsSaved extends CredentialsLine {
  readonly is: 'added' | 'changed' | 'same'
}

/** Keys of a domain as a list has them: DNS is not asked. */
export interface DkimLine {
  readonly domain: string
  readonly keys: readonly Pick<DkimKey, 'selector' | 'algorithm' | 'state'>[]
}

export type DkimShown = DkimDomain

export interface DkimCheckBody {
  readonly activate?: boolean
  readonly force?: boolean
}

export interface DkimRemoved {
  readonly domain: string
  readonly removed: readonly string[]
}
