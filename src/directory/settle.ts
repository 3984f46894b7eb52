import type { Awaitable } from '#store/contract.ts'

/** A computation that asks for answers which may have to be waited for. */
export type Asking<T> = Generator<unknown, T, unknown>

/** Ask for an answer: `const user = yield* ask(store.user(id))`. */
export function* ask<T>(answer: Awaitable<T>): Asking<T> {
  return answer instanceof Promise ? ((yield answer) as T) : answer
}

/**
 * Run a computation to its end. With a store that answers at once the result comes at once, without a promise; else the same
 * code waits.
 */
export function settle<T>(asking: Asking<T>): Awaitable<T> {
  const step = asking.next()
  return step.done ? step.value : wait(asking, step.value)
}

async function wait<T>(asking: Asking<T>, first: unknown): Promise<T> {
  let pending = first
  for (;;) {
    let answer: unknown
    let failure: { readonly error: unknown } | undefined
    try {
      answer = await pending
    } catch (error) {
      failure = { error }
    }
    const step = failure ? asking.throw(failure.error) : asking.next(answer)
    if (step.done) return step.value
    pending = step.value
  }
}
