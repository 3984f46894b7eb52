import type { Store } from '#store/contract.ts'

/** One store under test, as every engine must let a test handle it. */
export interface StoreUnderTest {
  readonly store: Store
  /** Open the same store once more, as another session thread would. */
  another(): Promise<Store>
  /** Close everything and open it again, as a restart of the server would. */
  restart(): Promise<StoreUnderTest>
  /** Do at once what is otherwise done in idle moments. */
  tidy(): Promise<void>
  /** Bytes that the store takes on disk, when that can be told. */
  sizeBytes(): number | undefined
  close(): Promise<void>
}

export interface StoreEngine {
  readonly name: string
  /** Make an empty store. */
  create(): Promise<StoreUnderTest>
  /** Take the store of a backup file into use in a place of its own. */
  restore(backupFile: string): Promise<StoreUnderTest>
  /** A folder for backup files. */
  folder(): string
}
