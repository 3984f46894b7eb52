import type { Awaitable } from '#ledger/contract.ts'

/** Go on with an answer: at once where it is there, so that what is asked in memory costs no promise; else when it comes. */
export function when<T, U>(answer: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> {
  return answer instanceof Promise ? answer.then(next) : next(answer)
}
