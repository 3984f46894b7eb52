import type { Entry, Kind, Parsed } from './kinds.ts'

/** A setting of any kind, as a field of a record. */
interface Field {
  readonly default: unknown
  readonly parse: (value: unknown) => Parsed<unknown>
  readonly format: (value: never) => unknown
}

type Fields = Readonly<Record<string, Field>>

/** The value that a record's fields describe. */
export type RecordOf<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Kind<infer T> ? T : never
}

/** Declare an entry of a list or a map that has fields of its own; a field that is not given has its default. */
export function record<const F extends Fields>(
  what: string,
  fields: F,
  { must = [] }: { readonly must?: readonly (keyof F & string)[] } = {},
): Entry<RecordOf<F>> {
  const names = Object.keys(fields)
  const accepts = `${what}: a map of ${names.join(', ')}`
  return {
    accepts,
    parse(value): Parsed<RecordOf<F>> {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return { ok: false, wanted: accepts }
      const given = value as Readonly<Record<string, unknown>>
      const strange = Object.keys(given).find((name) => !Object.hasOwn(fields, name))
      if (strange !== undefined) return { ok: false, wanted: accepts, path: [strange] }
      const missing = must.find((name) => given[name] === undefined || given[name] === null)
      if (missing !== undefined) return { ok: false, wanted: `${what} with ${missing}` }
      const read: Record<string, unknown> = {}
      for (const [name, field] of Object.entries(fields)) {
        if (given[name] === undefined) {
          read[name] = field.default
          continue
        }
        const parsed = field.parse(given[name])
        if (!parsed.ok) return { ...parsed, path: [name, ...(parsed.path ?? [])] }
        read[name] = parsed.value
      }
      return { ok: true, value: read as RecordOf<F> }
    },
    format(value) {
      const written: Record<string, unknown> = {}
      for (const [name, field] of Object.entries(fields)) {
        const one = (value as Readonly<Record<string, unknown>>)[name]
        if (must.includes(name) || JSON.stringify(one) !== JSON.stringify(field.default))
          written[name] = field.format(one as never)
      }
      return written
    },
  }
}
