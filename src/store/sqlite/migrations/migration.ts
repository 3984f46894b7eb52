/** One step of the schema, applied once, in a transaction. A step that has been released is never changed: add another. */
export interface Migration {
  readonly number: number
  readonly name: string
  readonly sql: string
}
