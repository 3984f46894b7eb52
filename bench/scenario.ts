/** What a scenario gives back: figures of each server, and how they stand against the bars. */
export interface Figure {
  readonly who: string
  /** What was measured, with its unit: `messages/s, 20 sessions`. */
  readonly what: string
  readonly median: number
  /** (max - min) / median of the repetitions. */
  readonly spread: number
  readonly values: readonly number[]
}

export interface Bar {
  /** `inbound: >= 10 x Postfix (20 sessions)`. */
  readonly what: string
  readonly wanted: string
  readonly reached: number
  readonly met: boolean
}

export interface Outcome {
  readonly scenario: string
  readonly figures: readonly Figure[]
  readonly bars: readonly Bar[]
  readonly notes: readonly string[]
}

export interface Options {
  /** How often each measurement is repeated. */
  readonly repetitions: number
  /** Make everything smaller, to see whether it works: no figure of such a run means anything. */
  readonly quick: boolean
  readonly say: (line: string) => void
}

export type Scenario = (options: Options) => Promise<Outcome>
