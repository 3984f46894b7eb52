/** What the pages for users name exists: settings, commands and their options, other pages. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { COMMON_OPTIONS, findCommand } from '../src/commands/parse.ts'
import { COMMANDS } from '../src/commands/table.ts'
import { SCHEMA } from '../src/settings/schema.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PAGES = [
  'README.md',
  'CHANGELOG.md',
  ...globSync(['docs/*.md', 'docs/decisions/*.md', 'docs/reference/*.md'], { cwd: ROOT }),
]

for (const page of PAGES) {
  const text = readFileSync(join(ROOT, page), 'utf8')

  test(`${page}: its links lead somewhere`, () => {
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:)([^)#]*)[^)]*\)/g)) {
      assert.ok(target === '' || existsSync(join(ROOT, dirname(page), target)), target)
    }
  })

  test(`${page}: its settings exist`, () => {
    const sections = Object.keys(SCHEMA).join('|')
    for (const [path] of text.matchAll(new RegExp(`\\b(?:${sections})(?:\\.[a-zA-Z]+)+\\b(?!\\.)`, 'g'))) {
      if (!isHostOrFile(path)) assert.ok(isSetting(path), path)
    }
  })

  test(`${page}: its commands and their options exist`, () => {
    for (const call of callsIn(text)) {
      const found = findCommand(COMMANDS, call)
      // `postern group` stands for all commands that begin so.
      const isGroup = COMMANDS.some(({ name }) => name.startsWith(`${call.join(' ')} `))
      assert.ok(found !== undefined || isGroup || call[0] === 'help', `postern ${call.join(' ')}`)
      const known = { ...found?.command.options, ...COMMON_OPTIONS }
      for (const word of call.filter((one) => one.startsWith('--'))) {
        assert.ok(Object.hasOwn(known, word.slice(2)), `postern ${call.join(' ')}: ${word}`)
      }
    }
  })
}

/** Each command line of postern, in a block or between backticks, as words. */
function callsIn(text: string): readonly (readonly string[])[] {
  const code = [...text.matchAll(/```sh\n([\s\S]*?)```|`([^`]+)`/g)].map((match) => match[1] ?? match[2] ?? '')
  const calls = code.flatMap((block) => [
    ...block.matchAll(/(?:^|[|;&] *|# |-- )(?:\.\/bin\/)?postern +([a-z][^\n|<#;]*)/gm),
  ])
  return calls.map(([, words = '']) =>
    words
      .replaceAll(/[[\]…]/g, '')
      .trim()
      .split(/\s+/),
  )
}

function isSetting(path: string): boolean {
  let place: unknown = SCHEMA
  for (const step of path.split('.')) {
    // NAME stands for each service; below a map of names (ipGroups) anything may stand.
    if (typeof place === 'object' && place !== null && 'kind' in place) return place.kind === 'named'
    const key = step === 'NAME' ? 'smtp' : step
    if (typeof place !== 'object' || place === null || !Object.hasOwn(place, key)) return false
    place = (place as Record<string, unknown>)[key]
  }
  return true
}

function isHostOrFile(word: string): boolean {
  return /\.(ts|md|example|test|com)$/.test(word)
}
