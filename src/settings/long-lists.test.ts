import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isScalar, type Node, parseDocument, visit } from 'yaml'
import { findStretches, restoreStretches, withoutStretches } from './long-lists.ts'

const PARSING = { prettyErrors: false, schema: 'core', stringKeys: true, uniqueKeys: false } as const

/** Every text in a document and where it stands, and what is wrong with it. */
function seen(document: ReturnType<typeof parseDocument>): unknown {
  const scalars: [unknown, number | undefined][] = []
  visit(document, {
    Scalar(_, node: Node) {
      if (isScalar(node)) scalars.push([node.value, node.range?.[0]])
    },
  })
  return { scalars, errors: document.errors.map(({ pos, message }) => [pos[0], message]) }
}

/** Parse with and without the short cut; gives whether it was taken. */
function compare(text: string): boolean {
  const stretches = findStretches(text)
  const short = withoutStretches(text, stretches)
  assert.equal(short.length, text.length)
  const document = parseDocument(short, PARSING)
  if (!restoreStretches(document, stretches)) return false
  assert.deepEqual(seen(document), seen(parseDocument(text, PARSING)))
  return stretches.length > 0
}

function lines(count: number, indent = '    ', from = 0): string {
  return Array.from({ length: count }, (_, n) => {
    const at = from + n
    return `${indent}- ${at % 3 === 0 ? `2001:db8:${at.toString(16)}::/48` : `10.${at >> 8}.${at & 255}.0/24`}\n`
  }).join('')
}

test('a long list is found, and nothing of it is lost', () => {
  assert.equal(compare(`ipGroups:\n  a:\n${lines(300)}  b:\n${lines(5)}relay: { ipGroup: a }\n`), true)
  assert.equal(compare(lines(250, '')), true)
  assert.equal(compare(`a:\n${lines(250, '')}b:\n${lines(250, '', 1000)}`), true)
  assert.equal(findStretches(lines(250)).length, 1)
  assert.equal(findStretches(lines(20)).length, 0)
})

const ROWS: readonly [string, string, taken: boolean][] = [
  ['in a block of text', `a: |\n${lines(300)}b: 1\n`, false],
  ['in a text of several lines', `a: foo\n${lines(300)}b: 1\n`, false],
  ['in quotes', `a: "\n${lines(300)}  "\n`, false],
  ['in brackets', `a: [\n${lines(300)}  ]\n`, false],
  ['in a comment', `a: 1\n${lines(300, '# ')}`, false],
  ['with a last line that goes on', `a:\n${lines(300)}      more\nb: 1\n`, true],
  ['with a list under it', `a:\n${lines(300)}    -\n      - 1\n`, true],
  ['with another indent under it', `a:\n${lines(300)}  - 1.2.3.4\n`, true],
  ['with line ends of another kind', `a:\n${lines(300).replaceAll('\n', '\r\n')}`, false],
  ['with line ends that are none of YAML', `a:\n${lines(1)}    - 1.2.3.4\u2028${lines(300)}`, false],
  ['with a comment on a line', `a:\n${lines(300)}    - 1.2.3.4 # office\n${lines(300, '    ', 400)}`, true],
  ['with a name that ends in colons', `a:\n${lines(300)}    - fc00::\n${lines(300, '    ', 400)}`, true],
  ['without an end', `a:\n${lines(300).trimEnd()}`, true],
  ['twice in one list', `a:\n${lines(300)}    - other\n${lines(300, '    ', 400)}`, true],
]

for (const [name, text, taken] of ROWS) test(`a long list ${name}`, () => assert.equal(compare(text), taken))

test('the short cut makes no difference', () => {
  const piece = fc.oneof(
    fc
      .tuple(fc.integer({ min: 190, max: 220 }), fc.constantFrom('', '  ', '    '))
      .map(([n, indent]) => lines(n, indent)),
    fc.constantFrom(
      'a:\n',
      '  b:\n',
      '  - x\n',
      '- y\n',
      'c: |\n',
      'd: "\n',
      '"\n',
      '# z\n',
      '\n',
      '    more\n',
      '\t\n',
      '  - 1.2.3.4\n',
      '    - ::1\n',
      '---\n',
      'e: [\n',
      ']\n',
    ),
    fc.string({ maxLength: 6 }),
  )
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 7 }), (pieces) => void compare(pieces.join(''))),
    { numRuns: 150 },
  )
})
