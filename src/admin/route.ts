import type { AdminParts } from './parts.ts'

/** One row of the administration's table: a method on a path, what it takes, and what it does. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** `:name` is a part of the path, percent-decoded. */
  readonly path: string
  /** JSON schemas: what does not fit is refused before `run`, and what they do not name is not let in. */
  readonly query?: ObjectSchema
  readonly body?: ObjectSchema
  /** The largest body, in bytes; 1 MiB when absent. */
  readonly mostBytes?: number
  run(asked: Asked, parts: AdminParts): Promise<unknown>
}

/** A request that fits its row. */
export interface Asked {
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, unknown>>
  /** Of the type that the route's schema describes. */
  readonly body: unknown
  /** Who is noted as the author of a change. */
  readonly author: string
  /** The address the administrator sits at, where the command knew it (over SSH). */
  readonly clientIp?: string
}

export interface ObjectSchema {
  readonly type: 'object'
  readonly additionalProperties: false
  readonly required?: readonly string[]
  readonly properties: Readonly<Record<string, unknown>>
}

/** Describe an object by its properties; those in `required` must be there, and no others may. */
export function object(properties: Readonly<Record<string, unknown>>, required: readonly string[] = []): ObjectSchema {
  return { type: 'object', additionalProperties: false, required, properties }
}

/** Describe a text of at most so many characters. */
export function textUpTo(maxLength: number) {
  return { type: 'string', maxLength } as const
}

export const ADDRESS = textUpTo(512)
export const ADDRESSES = { type: 'array', items: ADDRESS, maxItems: 10_000 } as const
