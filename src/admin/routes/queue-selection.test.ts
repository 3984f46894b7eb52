import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readDomain } from './queue-selection.ts'

test('a domain is read as the queue has it, and what matches no domain is refused', () => {
  const cases: readonly (readonly [text: string, domain: string | undefined])[] = [
    ['Example.NET', 'example.net'],
    ['example.net.', 'example.net'],
    ['Müller.example', 'xn--mller-kva.example'],
    ['XN--mller-kva.example', 'xn--mller-kva.example'],
    ['[192.0.2.1]', '[192.0.2.1]'],
    ['*', '*'],
    ['*.Example.net.', '*.example.net'],
    ['mx?.example', 'mx?.example'],
    ['*.Müller.example', '*.xn--mller-kva.example'],
    ['*.[2001:db8::*', '*.[2001:db8::*'],
    ['mü*.example', undefined],
    ['*.a%41ü.example', undefined],
    ['http://example.net', undefined],
    ['ann@example.net', undefined],
    ['*@example.net', undefined],
    ['a b', undefined],
    ['.', undefined],
    ['', undefined],
  ]
  for (const [text, domain] of cases) {
    if (domain === undefined) assert.throws(() => readDomain(text), /expected a domain/, text)
    else assert.equal(readDomain(text), domain, text)
  }
})
