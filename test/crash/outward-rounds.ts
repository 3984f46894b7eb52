/** A server that is ended again and again while mail goes out through it, to a server that keeps the books. */
import { rm } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { type MailSink, type SinkAnswer, type SunkMessage, startMailSink } from '../mail-sink.ts'
import { type Provision, type RunningPostern, startPostern } from '../server.ts'
import { type Load, startLoad } from './load.ts'
import { type Attempt, idOf } from './message.ts'
import { type Arrival, type Ending, findingsOf, type OutwardAccount, settleOutward } from './outward-account.ts'
import { createRandom, type Random } from './random.ts'

const CLIENTS = 8
/** Deliveries at once: small, so that more repeated ones than were under way would be seen. */
const AT_ONCE = 16
const LONGEST_ANSWER_MS = 40
const DRAINED_WITHIN_MS = 60_000

const RECIPIENTS = Array.from({ length: 12 }, (_, number) => `someone@d${number % 6}.far.test`).map((address, number) =>
  address.replace('someone', `someone${number}`),
)

export interface OutwardRound extends OutwardAccount {
  readonly seed: number
  readonly signals: readonly NodeJS.Signals[]
  readonly afterMs: number
  /** Messages that waited when the server was ended, as far as is known: acknowledged, not yet there. */
  readonly waited: number
}

/** Settings of a server all of whose mail goes to a server on this port. */
export function outwardProvision(port: number): Provision {
  return {
    settings: {
      server: { hostname: 'mail.example.test' },
      sender: { requireDomainInDns: false },
      limits: { messagesPerHour: 'unlimited', connectionsPerMinute: 'unlimited' },
      delivery: { routes: [{ host: '127.0.0.1', port }] },
      queue: { threads: AT_ONCE, retry: ['1s'], warnAfter: null },
      logs: { console: false },
    },
    domains: ['example.test'],
  }
}

/** The other server: takes its time, refuses for now, hangs up; and writes down what it took. */
export class Books implements AsyncDisposable {
  readonly arrivals: Arrival[] = []
  readonly attempts = new Map<string, Attempt>()
  readonly findings: string[] = []
  life = 0
  /** Messages are answered once this resolves. */
  gate: Promise<void> | undefined
  readonly #random: Random
  readonly #lifeOf = new Map<number, number>()
  #sink: MailSink | undefined
  #transactions = 0

  private constructor(random: Random) {
    this.#random = random
  }

  static async open(random: Random): Promise<Books> {
    const books = new Books(random)
    books.#sink = await startMailSink({
      answer: (stage, _argument, { number }) => books.#answer(stage, number),
      taken: (message) => books.#take(message),
    })
    return books
  }

  get port(): number {
    return this.#sink?.port as number
  }

  /** Forget what has been settled. */
  clear(): void {
    this.arrivals.length = 0
    this.findings.length = 0
    this.attempts.clear()
  }

  /** What the server has sent is read to its end before the next life begins. */
  async endLife(): Promise<void> {
    while ((this.#sink?.connections.open ?? 0) > 0) await pause(10)
    await pause(LONGEST_ANSWER_MS)
    this.life += 1
  }

  #answer(stage: string, connection: number): SinkAnswer | Promise<SinkAnswer> {
    if (stage === 'CONNECT') this.#lifeOf.set(connection, this.life)
    if (stage === 'RCPT' && this.#random.chance(0.05)) return '450 4.2.1 Later'
    if (stage === 'DATA' && this.#random.chance(0.02)) return 'close'
    if (stage !== '.') return undefined
    if (this.gate !== undefined) return this.gate.then(() => undefined)
    if (this.#random.chance(0.02)) return '451 4.3.0 Try again'
    // Between these and the answer the server is killed now and then.
    return this.#random.chance(0.3) ? pause(this.#random.integer(1, LONGEST_ANSWER_MS), undefined) : undefined
  }

  #take({ recipients, content, connection }: SunkMessage): void {
    this.findings.push(...findingsOf(content, this.attempts))
    const id = idOf(content)?.id ?? 'unknown'
    const life = this.#lifeOf.get(connection) ?? this.life
    this.#transactions += 1
    for (const recipient of recipients)
      this.arrivals.push({
        id,
        recipient: recipient.slice(1, recipient.indexOf('>')),
        life,
        transaction: this.#transactions,
      })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sink?.stop()
  }
}

/** Run rounds on one data directory: load, the end at a random moment (two kills, then a polite one), a new start, and the books. */
export async function runOutwardRounds(options: {
  readonly rounds: number
  readonly seed: number
  readonly done: (round: OutwardRound) => void
}): Promise<void> {
  await using books = await Books.open(createRandom(options.seed))
  const provision = outwardProvision(books.port)
  let server = await startPostern({ provision })
  const { dataDir, ports } = server
  // Connections are kept from one round to the next: lives are counted through.
  const endings: Ending[] = []
  try {
    for (let number = 0; number < options.rounds; number++) {
      const seed = options.seed + number
      const random = createRandom(seed)
      const attempts: Attempt[] = []
      const afterMs = random.integer(200, 1500)
      books.clear()
      // Twice in a round: what the first life left is under way again when the second ends.
      const signals = [random.chance(0.7) ? 'SIGKILL' : 'SIGTERM', random.chance(0.7) ? 'SIGKILL' : 'SIGTERM'] as const
      let waited = 0
      for (const [index, signal] of signals.entries()) {
        const load = startLoad({
          port: ports.smtp,
          clients: CLIENTS,
          recipients: RECIPIENTS,
          seed: seed + index * 7919,
          round: number * 10 + index,
        })
        const known = rememberIn(books, load)
        await pause(afterMs)
        await server.kill(signal)
        await load.end()
        known()
        attempts.push(...load.attempts)
        const there = new Set(books.arrivals.map(({ id }) => id))
        waited += load.attempts.filter(({ id, reply }) => reply?.startsWith('250') && !there.has(id)).length
        endings.push({ signal })
        await books.endLife()
        server = await startPostern({ provision, dataDir, ports })
      }
      await drained(server)
      const account = settleOutward(attempts, books.arrivals, endings, AT_ONCE)
      options.done({
        ...account,
        findings: [...account.findings, ...books.findings],
        seed,
        signals,
        afterMs,
        waited,
      })
    }
  } finally {
    await server.kill('SIGKILL')
    await rm(dataDir, { recursive: true, force: true })
  }
}

/** The books must know a message before it can come; gives what ends that. */
function rememberIn(books: Books, load: Load): () => void {
  let at = 0
  const remember = () => {
    for (; at < load.attempts.length; at += 1) {
      const attempt = load.attempts[at] as Attempt
      books.attempts.set(attempt.id, attempt)
    }
  }
  const timer = setInterval(remember, 5)
  return () => {
    clearInterval(timer)
    remember()
  }
}

/** Wait until the queue is empty. */
export async function drained(server: RunningPostern): Promise<void> {
  const late = performance.now() + DRAINED_WITHIN_MS
  for (;;) {
    const { stdout } = await server.postern(['queue', 'list', '--limit', '1', '--json'])
    const { count } = JSON.parse(stdout) as { readonly count: number }
    if (count === 0) return
    if (performance.now() > late)
      throw new Error(`${count} recipients still wait after ${DRAINED_WITHIN_MS} ms:\n${stdout}`)
    await pause(100)
  }
}
