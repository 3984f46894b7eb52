/** IP address groups made ready to be asked: entries into sorted sets, `group:NAME` into the groups it leads to. */
import { type AddressRange, NetworkSet, parseRange } from '#base/network-set.ts'
import { type GroupEntry, parseGroupAddress } from './ip-group-entries.ts'
import type { Problem } from './problem.ts'
import type { Settings } from './schema.ts'

export interface IpGroups {
  /** Tell whether an address is in a group or the groups in it; false for a group that does not exist. */
  has(group: string, ip: string): boolean
  /** Give all addresses of a group, those of the groups in it included; empty for one that does not exist. */
  set(group: string): NetworkSet
  /** Every entry that names another group, whether that exists or not. */
  readonly inner: readonly GroupInGroup[]
  /** Groups that lead back to themselves. */
  readonly problems: readonly Problem[]
}

/** An enabled entry `group:NAME`: the group that it is in, its place there, and the group that it names. */
export interface GroupInGroup {
  readonly outer: string
  readonly index: number
  readonly name: string
}

/** A group's own entries, read. */
interface Read {
  readonly own: NetworkSet
  readonly thisMachine: boolean
  readonly groups: readonly Omit<GroupInGroup, 'outer'>[]
}

interface Group {
  readonly own: NetworkSet
  readonly groups: readonly Omit<GroupInGroup, 'outer'>[]
  /** With the groups in it; made when first asked for. */
  whole?: NetworkSet
}

const NOBODY = new NetworkSet([])

/**
 * Make groups ready to be asked. `thisMachine` is what the entry `this-machine` stands for (see
 * `addressesOfThisMachine`). Disabled entries count for nothing.
 */
export function compileGroups(ipGroups: Settings['ipGroups'], thisMachine: readonly string[]): IpGroups {
  const machine = thisMachine.flatMap((address) => {
    const parsed = parseRange(address)
    return 'range' in parsed ? [parsed.range] : []
  })
  const groups = new Map<string, Group>()
  for (const [name, entries] of Object.entries(ipGroups)) {
    const { own, thisMachine: hasMachine, groups: inner } = read(entries)
    groups.set(name, { own: hasMachine ? new NetworkSet([...own.ranges(), ...machine]) : own, groups: inner })
  }
  return {
    has: (name, ip) => wholeOf(name, groups).has(ip),
    set: (name) => wholeOf(name, groups),
    inner: [...groups].flatMap(([outer, group]) => group.groups.map((inner) => ({ outer, ...inner }))),
    problems: [...cycles(groups)],
  }
}

/** What was read of lists of entries. They never change, and pass from one version of the settings to the next. */
const readings = new WeakMap<readonly GroupEntry[], Read>()

function read(entries: readonly GroupEntry[]): Read {
  const known = readings.get(entries)
  if (known !== undefined) return known
  const ranges: AddressRange[] = []
  const groups: { name: string; index: number }[] = []
  let thisMachine = false
  for (const [index, { address, enabled }] of entries.entries()) {
    if (!enabled) continue
    const member = parseGroupAddress(address)
    if (member.is === 'range') ranges.push(member.range)
    else if (member.is === 'group') groups.push({ name: member.group, index })
    else if (member.is === 'this-machine') thisMachine = true
  }
  const reading = { own: new NetworkSet(ranges), thisMachine, groups }
  readings.set(entries, reading)
  return reading
}

function wholeOf(name: string, groups: ReadonlyMap<string, Group>): NetworkSet {
  const group = groups.get(name)
  if (group === undefined) return NOBODY
  if (group.groups.length === 0) return group.own
  group.whole ??= new NetworkSet(rangesUnder(name, groups))
  return group.whole
}

function* rangesUnder(name: string, groups: ReadonlyMap<string, Group>): Generator<AddressRange> {
  // Each group counts once, however many ways lead to it.
  const reached = new Set([name])
  for (const next of reached) {
    const group = groups.get(next)
    if (group === undefined) continue
    yield* group.own.ranges()
    for (const inner of group.groups) reached.add(inner.name)
  }
}

/** Find each group that leads back to itself, one problem a circle. */
function* cycles(groups: ReadonlyMap<string, Group>): Generator<Problem> {
  const done = new Set<string>()
  for (const start of groups.keys()) {
    // A walk with its own stack: a chain of a thousand groups must not end ours.
    const way: { readonly name: string; next: number }[] = [{ name: start, next: 0 }]
    const onWay = new Set([start])
    while (way.length > 0) {
      const here = way.at(-1) as { readonly name: string; next: number }
      const inner = done.has(here.name) ? undefined : groups.get(here.name)?.groups[here.next++]
      if (inner === undefined) {
        done.add(here.name)
        onWay.delete(here.name)
        way.pop()
      } else if (onWay.has(inner.name)) {
        const circle = way.slice(way.findIndex(({ name }) => name === inner.name)).map(({ name }) => name)
        const says = `The groups lead in a circle: ${[...circle, inner.name].slice(-10).join(' > ')}. Take one of these entries out.`
        yield { path: `ipGroups.${here.name}[${inner.index}]`, says }
      } else {
        onWay.add(inner.name)
        way.push({ name: inner.name, next: 0 })
      }
    }
  }
}
