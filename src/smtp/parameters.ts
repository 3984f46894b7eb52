/** The parameters of MAIL and RCPT (RFC 5321 §4.1.1.11), one reader each. */

export interface MailParameters {
  /** RFC 1870 §6 */
  readonly sizeBytes?: number
  /** RFC 6152 §2 */
  readonly body?: '7BIT' | '8BITMIME'
  /** RFC 6531 §3.4 */
  readonly smtputf8?: true
  /** RFC 4954 §5: who the client says submitted it, as xtext; `<>` when it does not know. */
  readonly auth?: string
  /** RFC 3461 §4.3 */
  readonly ret?: 'FULL' | 'HDRS'
  /** RFC 3461 §4.4, as xtext. */
  readonly envid?: string
  /** RFC 8689 §2: it may only travel where TLS is verified. */
  readonly requireTls?: true
}

export interface RcptParameters {
  /** RFC 3461 §4.1: `NEVER`, or some of SUCCESS, FAILURE, DELAY. */
  readonly notify?: string
  /** RFC 3461 §4.2, as given: `rfc822;` and xtext. */
  readonly orcpt?: string
}

export type Parameters<T> =
  | { readonly is: 'ok'; readonly values: T }
  /** A parameter nobody announced: 555 (RFC 5321 §4.1.1.11). */
  | { readonly is: 'unknown' }
  /** A known one whose value is wrong, or which stands twice: 501. */
  | { readonly is: 'malformed' }

/** Reads one value (undefined when the parameter has none) into what it means; undefined when it is wrong. */
type Reader<V> = (value: string | undefined) => V | undefined
type Readers<T> = { readonly [K in keyof T]-?: { readonly keyword: string; readonly read: Reader<NonNullable<T[K]>> } }

const XTEXT = /^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/
// RFC 3461 §4.2: addr-type ";" xtext; RFC 6533 §3 allows UTF-8 as it is.
const ORCPT = /^[A-Za-z0-9-]{1,64};(?:[!-*,-<>-~\u{a1}-\u{10ffff}]|\+[0-9A-F]{2})+$/u

const MAIL_READERS: Readers<MailParameters> = {
  // RFC 1870 §6: up to 20 digits. Beyond what a number holds exactly it is as good as infinite.
  sizeBytes: { keyword: 'SIZE', read: (value = '') => (/^\d{1,20}$/.test(value) ? Number(value) : undefined) },
  body: { keyword: 'BODY', read: (value) => oneOf(value, ['7BIT', '8BITMIME']) },
  smtputf8: { keyword: 'SMTPUTF8', read: (value) => (value === undefined ? true : undefined) },
  auth: { keyword: 'AUTH', read: (value = '') => (value !== '' && isXtext(value, 500) ? value : undefined) },
  ret: { keyword: 'RET', read: (value) => oneOf(value, ['FULL', 'HDRS']) },
  // RFC 3461 §4.4: at most 100 characters.
  envid: { keyword: 'ENVID', read: (value = '') => (value !== '' && isXtext(value, 100) ? value : undefined) },
  requireTls: { keyword: 'REQUIRETLS', read: (value) => (value === undefined ? true : undefined) },
}

const RCPT_READERS: Readers<RcptParameters> = {
  notify: { keyword: 'NOTIFY', read: (value = '') => readNotify(value.toUpperCase()) },
  // RFC 3461 §4.2: at most 500 characters.
  orcpt: { keyword: 'ORCPT', read: (value = '') => (value.length <= 500 && ORCPT.test(value) ? value : undefined) },
}

const NO_VALUES = Object.freeze({ is: 'ok', values: Object.freeze({}) })

/** Parse the parameters of MAIL. */
export function parseMailParameters(text: string): Parameters<MailParameters> {
  return parse(text, MAIL_READERS)
}

/** Parse the parameters of RCPT. */
export function parseRcptParameters(text: string): Parameters<RcptParameters> {
  return parse(text, RCPT_READERS)
}

function parse<T extends object>(text: string, readers: Readers<T>): Parameters<T> {
  if (text === '') return NO_VALUES as Parameters<T>
  const values: Partial<T> = {}
  for (const word of text.split(/ +/)) {
    const equals = word.indexOf('=')
    const keyword = (equals === -1 ? word : word.slice(0, equals)).toUpperCase()
    const value = equals === -1 ? undefined : word.slice(equals + 1)
    const name = (Object.keys(readers) as (keyof T)[]).find((known) => readers[known].keyword === keyword)
    if (name === undefined) return { is: 'unknown' }
    const read = readers[name].read(value)
    if (read === undefined || name in values) return { is: 'malformed' }
    values[name] = read
  }
  return { is: 'ok', values: values as T }
}

function oneOf<const W extends string>(value: string | undefined, words: readonly W[]): W | undefined {
  const upper = value?.toUpperCase()
  return words.find((word) => word === upper)
}

function isXtext(value: string, most: number): boolean {
  return value.length <= most && XTEXT.test(value)
}

function readNotify(value: string): string | undefined {
  if (value === 'NEVER') return value
  const words = value.split(',')
  const known = words.every((word) => word === 'SUCCESS' || word === 'FAILURE' || word === 'DELAY')
  return known && new Set(words).size === words.length ? value : undefined
}
