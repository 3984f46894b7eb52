// What stands behind `npm start`, `npm test` and their sisters. Plain JavaScript that runs on Node 20 with nothing
// installed: it installs the packages where they are missing or stale, finds the pinned Node, and hands over to it.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findNode } from '../bin/find-node.mjs'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..')

/** Each task's program, the arguments it gets when none are given, and whether it needs the packages for development. */
const TASKS = {
  start: { program: 'bin/postern', usual: ['serve'], development: false },
  test: { program: 'tools/test.ts', usual: [], development: true },
  ok: { program: 'tools/test.ts', usual: ['--quick'], development: true },
  crash: { program: 'test/crash/main.ts', usual: [], development: true },
  bench: { program: 'bench/main.ts', usual: [], development: true },
}

const [name = '', ...given] = process.argv.slice(2)
const task = Object.hasOwn(TASKS, name) ? TASKS[name] : undefined
if (task === undefined) fail(`Cannot run "${name}": expected one of ${Object.keys(TASKS).join(', ')}`)

if (!isInstalled(task.development)) install(task.development)
const found = findNode()
if (found.problem !== undefined) fail(found.problem)
run(found.node, [join(ROOT, task.program), ...(given.length > 0 ? given : task.usual)])

/** Tell whether node_modules holds what package-lock.json asks for (npm's own record of it is compared). */
function isInstalled(development) {
  const wanted = readJson('package-lock.json')?.packages ?? {}
  const installed = readJson('node_modules/.package-lock.json')?.packages ?? {}
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '' || (entry.dev && !development)) return true
    const version = installed[path]?.version
    // An optional package is there only where it fits the machine; of these, only the pinned Node is missed.
    if (version === undefined && entry.optional) return path !== `node_modules/node-${process.platform}-${process.arch}`
    return version === entry.version && existsSync(join(ROOT, path))
  })
}

function install(development) {
  // The server alone needs less; but what is there for development is not taken away again.
  const omit = development || existsSync(join(ROOT, 'node_modules')) ? [] : ['--omit=dev']
  process.stderr.write(
    `Installing the packages of package-lock.json (npm ci ${omit.join(' ')}) ...\n`.replace(' )', ')'),
  )
  const args = ['ci', ...omit, '--no-progress', '--no-audit', '--no-fund', '--loglevel=error']
  const npm = process.env.npm_execpath
  const [program, first] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []]
  // npm's words go to standard error: standard output belongs to the task.
  const { status, error } = spawnSync(program, [...first, ...args], { cwd: ROOT, stdio: ['ignore', 2, 2] })
  if (status !== 0) {
    const why = error === undefined ? `npm ended with ${status}` : error.message
    fail(`Cannot install the packages (${why}): see above, check that the npm registry can be reached, and try again`)
  }
}

function run(node, args) {
  // The server ends when this pipe closes: killing the task (kill -9 as well) leaves no orphan.
  const tied = { stdio: ['inherit', 'inherit', 'inherit', 'pipe'], env: { ...process.env, POSTERN_PARENT_PIPE: '3' } }
  const child = spawn(node, args, task === TASKS.start ? tied : { stdio: 'inherit' })
  child.on('error', (error) => fail(`Cannot start ${node}: ${error.message}`))
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  process.on('SIGHUP', () => child.kill('SIGHUP'))
  // Ctrl-C reaches the whole group from the terminal: passing it on would give it twice.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  // npm killed with -9 passes nothing on; a task that it started does not outlive it.
  const parent = process.ppid
  if (process.env.npm_lifecycle_event !== undefined) {
    setInterval(() => process.ppid === parent || child.kill('SIGTERM'), 1000).unref()
  }
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal]
  })
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(join(ROOT, path), 'utf8'))
  } catch {
    return undefined
  }
}

function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}
