/** What settings may be, and probably are by mistake. */
import type { AddressRange } from '#base/network-set.ts'
import { warnQueue } from './delivery-checks.ts'
import { groupUses, internetShare } from './group-checks.ts'
import { parseGroupAddress } from './ip-group-entries.ts'
import { compileGroups, type IpGroups } from './ip-groups.ts'
import { MOST_PROBLEMS, type Problem, quote } from './problem.ts'
import type { Settings } from './schema.ts'

/** Ranges that the search for overlaps looks at in all: groups in groups in groups may lead to many more. */
const MOST_RANGES = 1_000_000

const known = new WeakMap<Settings, readonly Problem[]>()

/** Give what is allowed and probably not meant: entries of a group that overlap, and groups that nothing uses. At most MOST_PROBLEMS. */
export function warnSettings(settings: Settings): readonly Problem[] {
  const before = known.get(settings)
  if (before !== undefined) return before
  const groups = compileGroups(settings.ipGroups, [])
  const warnings = [...unused(settings, groups), ...overlaps(settings, groups), ...warnQueue(settings)].slice(
    0,
    MOST_PROBLEMS,
  )
  known.set(settings, warnings)
  return warnings
}

/** Find the groups that no setting leads to. */
function* unused(settings: Settings, groups: IpGroups): Generator<Problem> {
  const reached = new Set<string>()
  const inside = Map.groupBy(groups.inner, ({ outer }) => outer)
  for (const { group } of groupUses(settings, { inner: [] })) reached.add(group)
  for (const name of reached) for (const inner of inside.get(name) ?? []) reached.add(inner.name)
  for (const name of Object.keys(settings.ipGroups)) {
    if (reached.has(name)) continue
    const share = internetShare(groups.set(name))
    const wide = share === undefined ? '' : ` It covers ${share}: no setting that gives a right will take it.`
    yield { path: `ipGroups.${name}`, says: `No setting uses the IP address group ${quote(name)}.${wide}` }
  }
}

/** A range of one entry of a group: its own, or one of the group that it names. */
interface Part<N extends number | bigint> {
  readonly entry: number
  readonly first: N
  readonly last: N
}

function* overlaps(settings: Settings, groups: IpGroups): Generator<Problem> {
  let left = MOST_RANGES
  for (const [name, entries] of Object.entries(settings.ipGroups)) {
    const parts4: Part<number>[] = []
    const parts6: Part<bigint>[] = []
    for (const [entry, { address, enabled }] of entries.entries()) {
      for (const range of enabled ? rangesOf(address, groups) : []) {
        if (left-- <= 0) return
        if (range.family === 4) parts4.push({ entry, first: range.first, last: range.last })
        else parts6.push({ entry, first: range.first, last: range.last })
      }
    }
    const seen = new Set<string>()
    for (const { inner, outer, wholly } of [...meetings(parts4), ...meetings(parts6)]) {
      // Two groups may meet in a thousand places: it is said once.
      const pair = `${inner} ${outer}`
      if (seen.has(pair)) continue
      seen.add(pair)
      yield meeting(name, entries, inner, outer, wholly)
    }
  }
}

function* rangesOf(address: string, groups: IpGroups): Generator<AddressRange> {
  const member = parseGroupAddress(address)
  if (member.is === 'range') yield member.range
  else if (member.is === 'group') yield* groups.set(member.group).ranges()
}

interface Meeting {
  readonly inner: number
  readonly outer: number
  /** All of the inner range is in the outer one. */
  readonly wholly: boolean
}

/** Find the parts of different entries that have an address in common: each with the one that reaches furthest before it. */
function* meetings<N extends number | bigint>(parts: Part<N>[]): Generator<Meeting> {
  // By begin, the longest first: what lies in another comes after it.
  parts.sort((a, b) => {
    if (a.first !== b.first) return a.first < b.first ? -1 : 1
    if (a.last !== b.last) return a.last > b.last ? -1 : 1
    return a.entry - b.entry
  })
  let furthest: Part<N> | undefined
  let found = 0
  for (const part of parts) {
    if (furthest !== undefined && part.first <= furthest.last && part.entry !== furthest.entry) {
      yield { inner: part.entry, outer: furthest.entry, wholly: part.last <= furthest.last }
      if (++found >= MOST_MEETINGS) return
    }
    if (furthest === undefined || part.last > furthest.last) furthest = part
  }
}

/** Meetings looked at in one group: beyond them only more of the same is said. */
const MOST_MEETINGS = 10_000

function meeting(
  name: string,
  entries: Settings['ipGroups'][string],
  inner: number,
  outer: number,
  wholly: boolean,
): Problem {
  const [one, other] = [entries[inner]?.address ?? '', entries[outer]?.address ?? '']
  const [path, outerPath] = [`ipGroups.${name}[${inner}]`, `ipGroups.${name}[${outer}]`]
  const group = one.startsWith('group:') || other.startsWith('group:')
  const how = wholly && !group ? 'lies wholly in' : 'overlaps'
  return { path, also: [outerPath], says: `${path} (${one}) ${how} ${outerPath} (${other}).` }
}
