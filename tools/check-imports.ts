/** Check the walls between the folders of src/: who may import whom, and in what form. */
import { dirname, join } from 'node:path'
import { lineOf, report, type SourceFile, sourceFiles } from './source-files.ts'

/** Each folder of src/ and the folders it may import; imports go up this list only. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  smtp: ['base'],
  message: ['base', 'smtp'],
  settings: ['base'],
  gate: ['base', 'smtp', 'settings'],
  events: ['base', 'gate'],
  store: ['base', 'message'],
  ledger: ['base'],
  directory: ['base', 'settings', 'store'],
  checks: ['base', 'smtp', 'message', 'settings', 'events'],
  auth: ['base', 'settings', 'events', 'store', 'directory'],
  queue: ['base', 'smtp', 'settings', 'gate', 'events', 'store'],
  receive: above('receive'),
  deliver: above('deliver').filter((folder) => folder !== 'receive' && folder !== 'auth'),
  pop3: above('receive').filter((folder) => folder !== 'queue' && folder !== 'smtp'),
  review: ['base', 'smtp', 'gate', 'settings', 'ledger', 'store', 'events', 'queue'],
  admin: ['base', 'gate', 'review', 'settings', 'ledger', 'events', 'store', 'queue', 'auth', 'directory'],
  commands: ['base', 'settings', 'events', 'admin'],
}

/** The files that put the parts together; each may import everything. */
const JOINTS = ['server.ts', 'restore.ts', 'session-thread.ts', 'delivery-thread.ts', 'threads/']
/** The only folders below a part that others may not look into: its drivers. */
const DRIVERS = /^(store\/(sqlite|postgres)|ledger\/(memory|redis))\//

function above(folder: string): readonly string[] {
  const order = [
    'base',
    'smtp',
    'message',
    'settings',
    'gate',
    'events',
    'store',
    'ledger',
    'directory',
    'checks',
    'auth',
    'queue',
    'receive',
  ]
  return folder === 'deliver' ? order : order.slice(0, order.indexOf(folder))
}

/** Find what one file of src/ imports or exports against the rules; each finding is one line. */
export function checkFile({ path, text }: SourceFile): readonly string[] {
  const inSrc = path.replace(/^src\//, '')
  const folder = inSrc.includes('/') ? inSrc.slice(0, inSrc.indexOf('/')) : ''
  const isJoint = JOINTS.some((joint) => inSrc === joint || (joint.endsWith('/') && inSrc.startsWith(joint)))
  const findings: string[] = []

  for (const match of text.matchAll(/^export default\b/gm)) {
    findings.push(`${path}:${lineOf(text, match.index)}: a default export: export it by name`)
  }
  for (const { specifier, offset } of importsOf(text)) {
    const wrong = importFault(specifier, inSrc, folder, isJoint)
    if (wrong !== undefined) findings.push(`${path}:${lineOf(text, offset)}: ${specifier}: ${wrong}`)
  }
  return findings
}

function importFault(specifier: string, inSrc: string, folder: string, isJoint: boolean): string | undefined {
  if (specifier.startsWith('.')) {
    const target = join(dirname(inSrc), specifier)
    if (!/\.ts$/.test(specifier)) return 'name the file with .ts'
    if (folder !== '' && !target.startsWith(`${folder}/`)) return 'across folders, write #folder/file.ts'
    return undefined
  }
  if (!specifier.startsWith('#')) return undefined

  const target = specifier.slice(1)
  const targetFolder = target.slice(0, target.indexOf('/'))
  if (targetFolder === folder) return 'inside a folder, write ./file.ts'
  if (isJoint || inSrc === 'main.ts') return undefined
  // A test may set up the real thing below it.
  if (inSrc.endsWith('.test.ts')) return undefined
  if (DRIVERS.test(target)) return 'a driver is named by src/server.ts alone'
  if (!Object.hasOwn(MAY_IMPORT, folder)) return `src/${folder} does not stand in the table of tools/check-imports.ts`
  return MAY_IMPORT[folder]?.includes(targetFolder) ? undefined : `src/${folder} may not import src/${targetFolder}`
}

function importsOf(text: string): readonly { readonly specifier: string; readonly offset: number }[] {
  const pattern = /^(?:import|export)\b[^'"`;]*?\bfrom\s*'([^']+)'|^import\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm
  return [...text.matchAll(pattern)].map((match) => ({
    specifier: match[1] ?? match[2] ?? match[3] ?? '',
    offset: match.index,
  }))
}

if (import.meta.main) {
  report(sourceFiles('src').flatMap(checkFile), 'The table of who may import whom stands in tools/check-imports.ts.')
}
