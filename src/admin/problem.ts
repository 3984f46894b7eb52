import { Fault, isTemporary } from '#base/fault.ts'
import type { ApiError } from './api.ts'

/** A request that cannot be done as it was asked: an HTTP status, what is wrong, and what to do. */
export class Problem extends Error {
  readonly status: number
  readonly todo: string | undefined

  constructor(status: number, message: string, todo?: string) {
    super(message)
    this.name = 'Problem'
    this.status = status
    this.todo = todo
  }
}

/** Say that there is nothing of this name. */
export function notFound(what: string, name: string, todo?: string): Problem {
  return new Problem(404, `There is no ${what} ${JSON.stringify(name)}`, todo)
}

export interface ProblemReply {
  readonly status: number
  readonly body: ApiError
  /** It was no fault of the request: it belongs into the error log. */
  readonly ours: boolean
}

/** Turn anything thrown by a route into the answer. A bug says nothing of itself: its story goes to the log. */
export function replyTo(error: unknown): ProblemReply {
  if (error instanceof Problem) {
    return { status: error.status, body: withTodo(error.message, error.todo), ours: false }
  }
  if (error instanceof Fault) {
    // A fault that trying again does not help is a change the store does not take: two owners of an address, a domain in use.
    return isTemporary(error)
      ? { status: 503, body: withTodo(error.message, 'Try again, and see the error log'), ours: true }
      : { status: 409, body: { error: error.message }, ours: false }
  }
  const { validation, statusCode, message } = error as { validation?: unknown; statusCode?: unknown; message?: string }
  if (validation !== undefined || (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500)) {
    const status = typeof statusCode === 'number' ? statusCode : 400
    return { status, body: { error: `Cannot take this request: ${message ?? 'it is not as expected'}` }, ours: false }
  }
  const body = withTodo('Something went wrong inside the server', 'See the error log: postern logs --log error')
  return { status: 500, body, ours: true }
}

function withTodo(error: string, todo: string | undefined): ApiError {
  return todo === undefined ? { error } : { error, todo }
}
