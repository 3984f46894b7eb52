/** What was started, to be ended in the reverse order: after a start that failed halfway, or at the end. */
export class Undo {
  readonly #steps: (() => unknown)[] = []

  /** Remember how to end what was just started. */
  push(step: () => unknown): void {
    this.#steps.push(step)
  }

  /** End everything, the last first. A step that fails keeps none of the others from running; the first failure is thrown. */
  async all(): Promise<void> {
    const failures: unknown[] = []
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}
