/** The first hour of the README, word for word: its commands run against a fresh server and print what it says. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { needs } from './peers/needs.ts'
import { type RunningPostern, run, startPostern } from './server.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

interface Step {
  readonly commands: string
  /** What they must print, in this order, among other lines. */
  readonly prints: readonly string[]
  readonly code: number
}

const steps = stepsOf(sectionOf(readFileSync(`${ROOT}README.md`, 'utf8'), 'A first hour'))
const skip = needs({ curl: 'curl' })
let server: RunningPostern
before(async () => {
  if (skip === false) server = await startPostern()
})
after(() => server?.stop())

test('the README has a first hour', () => {
  assert.match(steps[0]?.commands ?? '', /^npm start/)
  assert.ok(steps.length >= 5)
})

for (const [index, step] of steps.slice(1).entries()) {
  test(`step ${index + 1}: ${step.commands.split('\n')[0]}`, { skip }, async () => {
    const env = { ...process.env, POSTERN_DATA: server.dataDir }
    const result = await run('/bin/bash', ['-e', '-c', onOurPorts(step.commands)], { cwd: ROOT, env })
    const printed = result.stdout + result.stderr
    assert.equal(result.code, step.code, printed)
    let from = 0
    for (const line of step.prints) {
      const at = printed.indexOf(line, from)
      assert.ok(at >= 0, `"${line}" is missing in:\n${printed}`)
      from = at + line.length
    }
  })
}

test('the ways in: npm start passes its arguments on', async () => {
  const result = await run('npm', ['start', '--silent', '--', 'version'], { cwd: ROOT })
  assert.equal(result.code, 0, result.stderr)
  assert.match(result.stdout, /\d+\.\d+\.\d+/)
  const wrong = await run('npm', ['start', '--silent', '--', 'no-such-command'], { cwd: ROOT })
  assert.equal(wrong.code, 2, 'the exit code is passed through')
})

/** The README says --ports high; this server has ports of its own. */
function onOurPorts(commands: string): string {
  const { ports } = server
  const written = {
    2525: ports.smtp,
    2587: ports.submission,
    2465: ports.submissions,
    2110: ports.pop3,
    2995: ports.pop3s,
  }
  return Object.entries(written).reduce((text, [high, port]) => text.replaceAll(`:${high}`, `:${port}`), commands)
}

function sectionOf(markdown: string, title: string): string {
  const from = markdown.indexOf(`\n## ${title}\n`)
  assert.ok(from >= 0, `no section "${title}"`)
  const to = markdown.indexOf('\n## ', from + 1)
  return markdown.slice(from, to < 0 ? undefined : to)
}

/** Each `sh` block, with the `text` block that follows it and the exit code that a comment before it names. */
function stepsOf(section: string): readonly Step[] {
  const pattern = /(?:<!-- ends with (\d+) -->\n)?```sh\n([\s\S]*?)```(?:\n+```text\n([\s\S]*?)```)?/g
  return [...section.matchAll(pattern)].map(([, code, commands = '', prints = '']) => ({
    commands: commands.trim(),
    prints: prints.split('\n').filter((line) => line !== ''),
    code: Number(code ?? 0),
  }))
}
