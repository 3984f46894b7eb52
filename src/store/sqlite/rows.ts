/** Give a row of SQLite's without the columns that hold nothing: what the contract leaves out is absent, not null. */
export function withoutNulls<Row>(row: Readonly<Record<string, unknown>>): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as Row
}
