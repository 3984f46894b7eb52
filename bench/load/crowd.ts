/** The crowd of clients of `crowd.c`, compiled where it is first needed. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../peers/peer.ts'

const SOURCE = join(ROOT, 'bench/load/crowd.c')
const PROGRAM = join(ROOT, '.work/bench-crowd')

/** The honest clients' addresses begin here, far from the crowd's: 127.9.0.1. */
const HONEST_FIRST = 0x09_00_01
/** The crowd's addresses begin here: 127.0.1.0. */
const CROWD_FIRST = 0x01_00

export interface CrowdLoad {
  readonly port: number
  /** What each session does: see `crowd.c`. */
  readonly does: 'relay' | 'guess' | 'mixed' | 'knock' | 'honest'
  readonly addresses: number
  /** Sessions under way at the same time, at most. */
  readonly atOnce: number
  /** Sessions begun a second; absent: as many as will go. */
  readonly ratePerSecond?: number
  readonly seconds: number
  readonly domain: string
}

export interface CrowdResult {
  /** Sessions that ended with a reply. */
  readonly sessions: number
  readonly seconds: number
  /** Sessions that heard nothing. */
  readonly failed: number
  readonly unfinished: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** What the load itself took of the processors. */
  readonly cpuSeconds: number
  /** Sessions by the last code that they heard (the one to QUIT left out). */
  readonly codes: Readonly<Record<string, number>>
}

/** Send a crowd and tell how it fared. */
export async function sendCrowd(load: CrowdLoad): Promise<CrowdResult> {
  compile()
  const first = load.does === 'honest' ? HONEST_FIRST : CROWD_FIRST
  const { port, does, addresses, atOnce, ratePerSecond = 0, seconds, domain } = load
  const args = [port, does, addresses, first, atOnce, ratePerSecond, seconds, domain].map(String)
  const child = spawn(PROGRAM, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const code = await new Promise((resolve, reject) => child.once('close', resolve).once('error', reject))
  if (code !== 0) throw new Error(`the crowd ended with ${String(code)}: ${errors}`)
  return JSON.parse(output) as CrowdResult
}

/** Guess recipients until every address hears 421 at its connection. */
export async function guessUntilBlocked(load: Omit<CrowdLoad, 'does'>): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    await sendCrowd({ ...load, does: 'guess', seconds: 3 })
    const result = await sendCrowd({ ...load, does: 'knock', seconds: 1 })
    if (onlyCode(result) === '421') return
  }
  throw new Error('the guessing addresses were not blocked within a minute')
}

/** Give the code that every session heard last, if it is one. */
export function onlyCode({ codes }: CrowdResult): string | undefined {
  const [code, ...others] = Object.keys(codes)
  return others.length === 0 ? code : undefined
}

function compile(): void {
  if (mtimeOf(PROGRAM) > mtimeOf(SOURCE)) return
  mkdirSync(join(ROOT, '.work'), { recursive: true })
  const { status, stderr, error } = spawnSync('cc', ['-O2', '-o', PROGRAM, SOURCE], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`Cannot compile ${SOURCE}: ${error?.message ?? stderr}`)
}

function mtimeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
