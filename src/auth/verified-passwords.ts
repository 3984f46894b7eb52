import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** How long a password that was checked may be taken again without a new argon2id. */
const KEPT_MS = 5 * 60_000
const MAX_KEPT = 10_000

/**
 * Remembers which passwords were right a moment ago, since mail programs log in every few minutes with the same one. Kept is an
 * HMAC under a key that lives and dies with this thread, tied to the stored hash: a changed password is forgotten at once.
 * Wrong guesses are never remembered, so each costs whoever guesses its full argon2id.
 */
export class VerifiedPasswords {
  readonly #key = randomBytes(32)
  readonly #kept = new Map<number, { readonly digest: Buffer; readonly untilMs: number }>()

  /** Tell whether this password of this user, with this stored hash, was right within the last minutes. */
  has(userId: number, password: string, hash: string, nowMs: number): boolean {
    const kept = this.#kept.get(userId)
    if (kept === undefined) return false
    if (kept.untilMs < nowMs) {
      this.#kept.delete(userId)
      return false
    }
    return timingSafeEqual(kept.digest, this.#digest(password, hash))
  }

  /** Remember a password that has just been found right; the one remembered longest gives way. */
  add(userId: number, password: string, hash: string, nowMs: number): void {
    this.#kept.delete(userId)
    if (this.#kept.size >= MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value as number)
    this.#kept.set(userId, { digest: this.#digest(password, hash), untilMs: nowMs + KEPT_MS })
  }

  #digest(password: string, hash: string): Buffer {
    // The hash holds no NUL, so no two pairs run together.
    return createHmac('sha256', this.#key).update(hash).update('\0').update(password).digest()
  }
}
