/** What the keeper asks of whatever keeps the versions of the settings. The store's `SettingsVersions` fulfils it. */

export interface Version {
  readonly version: number
  readonly atMs: number
  readonly author: string
  readonly comment: string
  /** Only what differs from the defaults, in the form of `postern settings export`, as YAML. */
  readonly changed: string
}

export interface Versions {
  latest(): Version | undefined | Promise<Version | undefined>
  get(version: number): Version | undefined | Promise<Version | undefined>
  /** Newest first. */
  history(limit: number): readonly Omit<Version, 'changed'>[] | Promise<readonly Omit<Version, 'changed'>[]>
  /** Add the version after `basedOn` (0 when there is none), durable when it resolves; rejects if another was added since. */
  add(version: Omit<Version, 'version'>, basedOn: number): Promise<number>
}
