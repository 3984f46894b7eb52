/** The public suite of RFC 7208: each of its cases, over a DNS that says what the case's scenario says. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { ManualClock } from '#base/clock.ts'
import type { DnsAnswer, DnsNone } from '#base/dns.ts'
import { reverseDnsName } from '#base/dns-name.ts'
import { checkSpf } from '#checks/spf/check-spf.ts'
import type { SpfDns } from '#checks/spf/spf-dns.ts'

type Value = string | number | readonly (string | number)[]
type Entry = 'TIMEOUT' | Readonly<Record<string, Value>>

interface Case {
  readonly host: string
  readonly helo: string
  readonly mailfrom: string
  readonly result: string | readonly string[]
  readonly explanation?: string
}

interface Scenario {
  readonly description: string
  readonly tests: Readonly<Record<string, Case>>
  readonly zonedata: Readonly<Record<string, readonly Entry[]>>
}

const SUITE = new URL('./spf/rfc7208-tests.yml', import.meta.url)
const CASES = 203
const MOST_ALIASES = 8
/** What the suite calls the explanation of a receiver that was given none. */
const DEFAULT = 'DEFAULT'

const scenarios = parseAllDocuments(readFileSync(SUITE, 'utf8')).map((document) => {
  assert.deepEqual(document.errors, [])
  return document.toJS() as Scenario
})
let ran = 0

for (const { description, tests, zonedata } of scenarios) {
  describe(description, () => {
    const dns = scriptedDns(zonedata)
    for (const [name, { host, helo, mailfrom, result, explanation }] of Object.entries(tests)) {
      it(name, async () => {
        ran += 1
        const question = { ip: host, helo, sender: mailfrom, receiver: 'receiver.example', timeoutMs: 20_000 }
        const found = await checkSpf({ ...question, dns, clock: new ManualClock() })
        assert.ok([result].flat().includes(found.result), `${found.result}, not ${result}: ${found.because}`)
        if (explanation !== undefined) assert.equal(found.explanation ?? DEFAULT, explanation)
      })
    }
  })
}

it(`runs all ${CASES} cases`, (t) => {
  t.diagnostic(`${ran} cases of the suite ran`)
  assert.equal(ran, CASES)
})

function scriptedDns(zonedata: Scenario['zonedata']): SpfDns {
  const zone = new Map(Object.entries(zonedata).map(([name, entries]) => [name.toLowerCase(), withTexts(entries)]))

  function ask(name: string, type: string, aliases = 0): DnsAnswer<{ readonly values: readonly Value[] }> {
    const entries = zone.get(name.toLowerCase().replace(/\.$/, ''))
    if (entries === undefined) return NO_DOMAIN
    const values = valuesOf(entries, type)
    if (values.length > 0) return { is: 'found', values }
    const alias = valuesOf(entries, 'CNAME')[0]
    if (alias !== undefined) {
      return aliases === MOST_ALIASES
        ? { is: 'unknown', because: 'aliases lead in a circle' }
        : ask(String(alias), type, aliases + 1)
    }
    return entries.includes('TIMEOUT') ? { is: 'unknown', because: 'no answer' } : { is: 'none', why: 'no data' }
  }

  return {
    async txt(name) {
      const answer = ask(name, 'TXT')
      return answer.is === 'found'
        ? { is: 'found', texts: answer.values.map((text) => [text].flat().join('')) }
        : answer
    },
    async addresses(name, family) {
      const answer = ask(name, family === 4 ? 'A' : 'AAAA')
      return answer.is === 'found' ? { is: 'found', addresses: answer.values.map(String) } : answer
    },
    async mx(name) {
      const answer = ask(name, 'MX')
      if (answer.is !== 'found') return answer
      const exchanges = answer.values.map((value) => {
        const [preference, host] = value as readonly [number, string]
        return { preference, host }
      })
      return { is: 'found', exchanges }
    },
    async ptr(ip) {
      const answer = ask(reverseDnsName(ip) as string, 'PTR')
      return answer.is === 'found' ? { is: 'found', names: answer.values.map(String) } : answer
    },
  }
}

const NO_DOMAIN: DnsNone = { is: 'none', why: 'NXDOMAIN' }

function valuesOf(entries: readonly Entry[], type: string): readonly Value[] {
  return entries.flatMap((entry) => (entry === 'TIMEOUT' || entry[type] === undefined ? [] : [entry[type]]))
}

/** The suite's README: records of type SPF stand for TXT too, unless the name has TXT records, or `TXT: NONE`. */
function withTexts(entries: readonly Entry[]): readonly Entry[] {
  const texts = valuesOf(entries, 'TXT')
  if (texts.length === 0) return [...entries, ...valuesOf(entries, 'SPF').map((text) => ({ TXT: text }))]
  return entries.filter((entry) => entry === 'TIMEOUT' || entry.TXT !== 'NONE')
}
