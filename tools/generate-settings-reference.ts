/**
 * Writes docs/reference/settings.md and docs/reference/settings-example.yaml from the declarations of the settings.
 * `--check` writes nothing and ends with 1 when either is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { DECLARATIONS } from '#settings/declarations.ts'
import type { Kind } from '#settings/kinds.ts'
import { defaultSettings, exportYaml, oneLine } from '#settings/snapshot.ts'

const INTRODUCTION = `# Settings

Every setting, generated from its declaration in \`src/settings/\`. The same in a file to start from, with each default:
[settings-example.yaml](settings-example.yaml).

- \`postern settings get PATH\`, \`postern settings set PATH VALUE\` for one; \`postern settings export\`, \`diff FILE\`,
  \`apply FILE\` for many at once. A file names only what it would change.
- Spans of time are written \`90s\`, \`10m\`, \`1h\`, \`2d\`; sizes \`64KB\`, \`25MB\` (1 KB is 1,024 bytes). A limit that is off is the
  word \`unlimited\`; 0 means 0. \`null\` is none.
- An IPv6 address that ends in \`:\` (\`"fc00::"\`) and a value that begins with \`*\` stand in quotes.
- A group under \`ipGroups\` is set, replaced and (with \`null\`) taken away by its name; the others stay.
- Settings that only make sense together are checked together, and nothing is saved when one is wrong.
`

/** Write the reference page: a table for each page of the administration. */
function referencePage(): string {
  const pages = Map.groupBy(DECLARATIONS, ([, kind]) => kind.page ?? 'Other')
  const sections = [...pages].map(([page, settings]) => [
    `## ${page}`,
    '',
    '| setting | default | accepts | meaning | in Kerio Connect | takes effect |',
    '| --- | --- | --- | --- | --- | --- |',
    ...settings.map(([path, kind]) => row(path, kind)),
    '',
  ])
  return [INTRODUCTION, ...sections.flat()].join('\n')
}

function row(path: string, kind: Kind<unknown>): string {
  const cells = [
    `\`${path}\``,
    kind.kind === 'secret' ? '' : `\`${oneLine(kind.format(kind.default))}\``,
    kind.accepts,
    kind.about,
    kind.kerio ?? '',
    kind.applies ?? '',
  ]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
}

const EXAMPLE_HEAD = `# Every setting with its default. Keep what you change and leave out the rest: what a file does not name stays as it is.
# Try it with \`postern settings diff FILE\`, and apply it with \`postern settings apply FILE\`.

`

const FILES = {
  'settings.md': referencePage(),
  'settings-example.yaml': EXAMPLE_HEAD + exportYaml(defaultSettings(), { what: 'all', comments: true }),
}

for (const [name, text] of Object.entries(FILES)) {
  const file = new URL(`../docs/reference/${name}`, import.meta.url)
  if (!process.argv.includes('--check')) {
    writeFileSync(file, text)
  } else if (textOf(file) !== text) {
    console.error(`docs/reference/${name} is stale: run node tools/generate-settings-reference.ts`)
    process.exitCode = 1
  }
}

function textOf(file: URL): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
