import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkFile as checkExports } from './check-exports.ts'
import { checkFile as checkImports } from './check-imports.ts'
import { referencesOf } from './check-rfc.ts'

const IMPORTS: readonly (readonly [name: string, path: string, text: string, finding: RegExp | undefined])[] = [
  ['down the list', 'src/gate/a.ts', "import { x } from '#base/x.ts'", undefined],
  ['inside a folder', 'src/gate/rules/a.ts', "import type { Rule } from '../rule.ts'", undefined],
  ['a package', 'src/gate/a.ts', "import ip from 'ipaddr.js'", undefined],
  ['the joint imports everything', 'src/server.ts', "import { x } from '#store/sqlite/x.ts'", undefined],
  ['up the list', 'src/base/a.ts', "import type { x } from '#gate/x.ts'", /src\/base may not import src\/gate/],
  ['up, exported on', 'src/base/a.ts', "export { x } from '#gate/x.ts'", /may not import/],
  ['up, over several lines', 'src/base/a.ts', "import {\n  x,\n  y,\n} from '#gate/x.ts'", /^src\/base\/a\.ts:1: /],
  ['up, at run time', 'src/base/a.ts', "const x = await import('#gate/x.ts')", /may not import/],
  ['across by a path', 'src/gate/a.ts', "import { x } from '../base/x.ts'", /write #folder/],
  ['inside by #', 'src/gate/a.ts', "import { x } from '#gate/x.ts'", /write \.\/file/],
  ['without .ts', 'src/gate/a.ts', "import { x } from './x'", /with \.ts/],
  ['a driver', 'src/directory/a.ts', "import { x } from '#store/sqlite/x.ts'", /driver/],
  ['an unknown folder', 'src/new/a.ts', "import { x } from '#base/x.ts'", /does not stand in the table/],
  ['a default export', 'src/gate/a.ts', 'export default 1', /default export/],
]

for (const [name, path, text, finding] of IMPORTS) {
  test(`imports: ${name}`, () => {
    const found = checkImports({ path, text })
    if (finding === undefined) assert.deepEqual(found, [])
    else assert.match(found.join('\n'), finding)
  })
}

const EXPORTS: readonly (readonly [name: string, text: string, isFine: boolean])[] = [
  ['a verb', '/** Parse one address. */\nexport function parse() {}', true],
  ['a verb, in lines', '/**\n * Parse one address.\n */\nexport async function parse() {}', true],
  ['a verb with ss', '/** Pass it on. */\nexport function pass() {}', true],
  ['what is not exported', 'function parse() {}', true],
  ['a class that is described', '/** Trouble of ours. */\nexport class Fault {}', true],
  ['an overload', '/** Read it. */\nexport function read(): void\nexport function read(x?: string): void {}', true],
  ['nothing', 'export function parse() {}', false],
  ['no doc comment', '// Parse it.\nexport function parse() {}', false],
  ['an article', '/** The parser. */\nexport function parse() {}', false],
  ['the third person', '/** Parses it. */\nexport function parse() {}', false],
  ['a class with nothing', 'export class Fault {}', false],
]

for (const [name, text, isFine] of EXPORTS) {
  test(`documented exports: ${name}`, () => {
    assert.equal(checkExports({ path: 'src/a.ts', text }).length === 0, isFine)
  })
}

test('references to RFCs are found with their sections, and the ill-written ones with their lines', () => {
  const text =
    '// RFC 5321 §4.5.3.1.10, RFC 1939\n// RFC5321\n// RFC 5321 section 4.1\n// RFC 5321 §3.\n// RFC 8314 §A.1'
  const { good, bad } = referencesOf({ path: 'src/a.ts', text })
  assert.deepEqual(
    good.map(({ rfc, section, where }) => `${rfc} ${section} ${where}`),
    ['5321 4.5.3.1.10 src/a.ts:1', '1939  src/a.ts:1', '5321 3 src/a.ts:4', '8314 A.1 src/a.ts:5'],
  )
  assert.deepEqual(bad, ['src/a.ts:2: "RFC5321"', 'src/a.ts:3: "RFC 5321 section 4.1"'])
})
