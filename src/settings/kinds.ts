/**
 * The kinds of setting. A declaration is a value of one of these; the type of the snapshot, the check, the reference page,
 * the example file and the form are derived from it. Spans are milliseconds, sizes bytes, once parsed.
 */

/** When a change takes effect: at once for everyone, or for the next connection or message. */
export type Applies = 'at once' | 'next connection' | 'next message' | 'next start'

export interface Facets {
  /** One line for the reference, the forms and `--help`: what it does and what follows from it. */
  readonly about: string
  /** Kerio Connect's name for it, where it has one. */
  readonly kerio?: string
  /** The administration page it stands on; inherited from the section when absent. */
  readonly page?: string
  readonly applies?: Applies
}

export type Unlimited = 'unlimited'

export interface Kind<T> extends Facets {
  readonly kind: string
  readonly default: T
  /** Turn a value of the settings file into ours, or give the sentence that says what was wanted. */
  readonly parse: (value: unknown) => Parsed<T>
  /** Give the value back as the settings file writes it. */
  readonly format: (value: T) => unknown
  /** What may stand here, for the reference and the forms: `1 to 50000, or unlimited`. */
  readonly accepts: string
  /** What each name holds, for the kind that maps names; merging and setting go name by name. */
  readonly entry?: Entry<unknown>
}

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly wanted: string; readonly path?: readonly (string | number)[] }

export interface Bounds {
  readonly min?: number
  readonly max?: number
}

type Declared<T, Extra = unknown> = Facets & { readonly default: T } & Extra

function ok<T>(value: T): Parsed<T> {
  return { ok: true, value }
}

function wrong<T>(wanted: string): Parsed<T> {
  return { ok: false, wanted }
}

function boundsText({ min, max }: Bounds, format: (n: number) => string = String): string {
  if (min !== undefined && max !== undefined) return `${format(min)} to ${format(max)}`
  if (min !== undefined) return `${format(min)} or more`
  if (max !== undefined) return `${format(max)} or less`
  return 'any'
}

function within(value: number, { min, max }: Bounds): boolean {
  return (min === undefined || value >= min) && (max === undefined || value <= max)
}

/** Declare a whole number. */
export function integer(declared: Declared<number, Bounds>): Kind<number> {
  const accepts = `a whole number, ${boundsText(declared)}`
  return {
    ...declared,
    kind: 'integer',
    accepts,
    parse: (value) =>
      Number.isSafeInteger(value) && within(value as number, declared) ? ok(value as number) : wrong(accepts),
    format: (value) => value,
  }
}

/** Declare a number that need not be whole (a score). */
export function decimal(declared: Declared<number, Bounds>): Kind<number> {
  const accepts = `a number, ${boundsText(declared)}`
  return {
    ...declared,
    kind: 'decimal',
    accepts,
    parse: (value) =>
      typeof value === 'number' && Number.isFinite(value) && within(value, declared) ? ok(value) : wrong(accepts),
    format: (value) => value,
  }
}

/** Declare a count that can be off: the word `unlimited`. 0 means 0. */
export function limit(declared: Declared<number | Unlimited, Bounds>): Kind<number | Unlimited> {
  return orUnlimited('limit', integer({ ...declared, default: 0 }), declared)
}

/** Declare a yes or no. */
export function flag(declared: Declared<boolean>): Kind<boolean> {
  const accepts = 'true or false'
  return {
    ...declared,
    kind: 'flag',
    accepts,
    parse: (value) => (typeof value === 'boolean' ? ok(value) : wrong(accepts)),
    format: (value) => value,
  }
}

/** Declare one word out of a few. */
export function choice<const T extends string>(declared: Declared<NoInfer<T>, { readonly of: readonly T[] }>): Kind<T> {
  const accepts = `one of ${declared.of.join(', ')}`
  return {
    ...declared,
    kind: 'choice',
    accepts,
    parse: (value) => (declared.of.includes(value as T) ? ok(value as T) : wrong(accepts)),
    format: (value) => value,
  }
}

/** Declare a text. `pattern` and `wanted` narrow it; `secret` keeps it out of every export, log and page. */
export function text(
  declared: Declared<string, { readonly pattern?: RegExp; readonly wanted?: string; readonly secret?: boolean }>,
): Kind<string> {
  const accepts = declared.wanted ?? 'a text'
  return {
    ...declared,
    kind: declared.secret === true ? 'secret' : 'text',
    accepts,
    parse: (value) =>
      typeof value === 'string' && value.length <= 4096 && (declared.pattern?.test(value) ?? true)
        ? ok(value)
        : wrong(accepts),
    format: (value) => value,
  }
}

const SPAN_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Read `90s`, `10m`, `1h`, `2d` into milliseconds. */
export function parseDuration(value: unknown): number | undefined {
  const match = typeof value === 'string' ? /^(\d{1,12})(ms|s|m|h|d)$/.exec(value) : null
  if (match === null) return undefined
  const spanMs = Number(match[1]) * SPAN_MS[match[2] as keyof typeof SPAN_MS]
  return Number.isSafeInteger(spanMs) ? spanMs : undefined
}

/** Write milliseconds in the largest unit that divides them. */
export function formatDuration(spanMs: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (spanMs !== 0 && spanMs % SPAN_MS[unit] === 0) return `${spanMs / SPAN_MS[unit]}${unit}`
  }
  return spanMs === 0 ? '0s' : `${spanMs}ms`
}

/** Declare a span of time; the value is milliseconds, the bounds too. */
export function duration(declared: Declared<number, Bounds>): Kind<number> {
  const accepts = `a span of time such as 90s, 10m, 1h or 2d, ${boundsText(declared, formatDuration)}`
  return {
    ...declared,
    kind: 'duration',
    accepts,
    parse: (value) => {
      const spanMs = parseDuration(value)
      return spanMs !== undefined && within(spanMs, declared) ? ok(spanMs) : wrong(accepts)
    },
    format: formatDuration,
  }
}

const SIZE_BYTES = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 } as const

/** Read `25MB` into bytes (1 KB is 1,024 bytes). */
export function parseSize(value: unknown): number | undefined {
  const match = typeof value === 'string' ? /^(\d{1,15})(B|KB|MB|GB|TB)$/.exec(value) : null
  if (match === null) return undefined
  const bytes = Number(match[1]) * SIZE_BYTES[match[2] as keyof typeof SIZE_BYTES]
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/** Write bytes in the largest unit that divides them. */
export function formatSize(bytes: number): string {
  for (const unit of ['TB', 'GB', 'MB', 'KB'] as const) {
    if (bytes !== 0 && bytes % SIZE_BYTES[unit] === 0) return `${bytes / SIZE_BYTES[unit]}${unit}`
  }
  return `${bytes}B`
}

/** Declare a size that can be `unlimited`; the value is bytes, the bounds too. */
export function size(declared: Declared<number | Unlimited, Bounds>): Kind<number | Unlimited> {
  const accepts = `a size such as 64KB or 25MB, ${boundsText(declared, formatSize)}`
  const bytes: Kind<number> = {
    about: declared.about,
    default: 0,
    kind: 'size',
    accepts,
    parse: (value) => {
      const parsed = parseSize(value)
      return parsed !== undefined && within(parsed, declared) ? ok(parsed) : wrong(accepts)
    },
    format: formatSize,
  }
  return orUnlimited('size', bytes, declared)
}

function orUnlimited(
  kind: string,
  inner: Kind<number>,
  declared: Declared<number | Unlimited>,
): Kind<number | Unlimited> {
  const accepts = `${inner.accepts}, or unlimited`
  return {
    ...declared,
    kind,
    accepts,
    parse: (value) => {
      if (value === 'unlimited') return ok('unlimited')
      const parsed = inner.parse(value)
      return parsed.ok ? parsed : wrong(accepts)
    },
    format: (value) => (value === 'unlimited' ? value : inner.format(value)),
  }
}

/** Declare a list of one kind of entry. */
export function list<T>(
  declared: Declared<readonly T[], { readonly of: Entry<T>; readonly least?: number; readonly most?: number }>,
): Kind<readonly T[]> {
  const most = declared.most ?? 1000
  const least = declared.least ?? 0
  const accepts = `a list${least === 0 ? '' : ` of at least ${least}`}, each entry ${declared.of.accepts}`
  return {
    ...declared,
    kind: 'list',
    accepts,
    parse: (value) => {
      if (!Array.isArray(value) || value.length < least) return wrong(accepts)
      if (value.length > most) return wrong(`at most ${most} entries`)
      const entries: T[] = []
      for (const [index, entry] of value.entries()) {
        const parsed = declared.of.parse(entry)
        if (!parsed.ok) return { ok: false, wanted: parsed.wanted, path: [index, ...(parsed.path ?? [])] }
        entries.push(parsed.value)
      }
      return ok(entries)
    },
    format: (value) => value.map((entry) => declared.of.format(entry)),
  }
}

/** How the names of a map are written (those of IP address groups). */
export const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/i

/** Declare a map from names to one kind of value (`ipGroups`). */
export function named<T>(
  declared: Declared<Readonly<Record<string, T>>, { readonly of: Entry<T>; readonly most?: number }>,
): Kind<Readonly<Record<string, T>>> {
  const accepts = `names (letters, digits, . _ -), each with ${declared.of.accepts}`
  return {
    ...declared,
    kind: 'named',
    accepts,
    entry: declared.of as Entry<unknown>,
    parse: (value) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong(accepts)
      // No prototype: a name such as __proto__ is data.
      const entries: Record<string, T> = Object.create(null)
      if (Object.keys(value).length > (declared.most ?? 1000)) return wrong(`at most ${declared.most ?? 1000} names`)
      for (const [name, entry] of Object.entries(value)) {
        if (!NAME.test(name)) return { ok: false, wanted: accepts, path: [name] }
        const parsed = declared.of.parse(entry)
        if (!parsed.ok) return { ok: false, wanted: parsed.wanted, path: [name, ...(parsed.path ?? [])] }
        entries[name] = parsed.value
      }
      return ok(entries)
    },
    format: (value) =>
      Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, declared.of.format(entry)])),
  }
}

/** What a list or a map holds: the part of a kind that reads and writes one value. */
export type Entry<T> = Pick<Kind<T>, 'parse' | 'format' | 'accepts'>

/** Declare a value that may be absent (`null` in the file). */
export function optional<T>(declared: Facets & { readonly of: Entry<T>; readonly default?: T }): Kind<T | undefined> {
  const accepts = `${declared.of.accepts}, or null for none`
  return {
    ...declared,
    kind: 'optional',
    default: declared.default,
    accepts,
    parse: (value) => {
      if (value === null) return ok(undefined)
      const parsed = declared.of.parse(value)
      return parsed.ok ? parsed : { ...parsed, wanted: accepts }
    },
    format: (value) => (value === undefined ? null : declared.of.format(value)),
  }
}
