/** IP address groups made ready to be asked: entries into sorted sets, `group:NAME` into the groups it leads to. */
import { type AddressRange, NetworkSet, parseRange } from '#base/network-set.ts'
import { parseGroupAddress } from './ip-group-entries.ts'
import { type Problem, quote } from './problem.ts'
import type { Settings } from './schema.ts'
import { nearest } from './suggest.ts'

export interface IpGroups {
  /** Tell whether an address is in a group or the groups in it; false for a group that does not exist. */
  has(group: string, ip: string): boolean
  /** Give all addresses of a group, those of the groups in it included; empty for one that does not exist. */
  set(group: string): NetworkSet
  /** Groups that name one that does not exist, or lead back to themselves. */
  readonly problems: readonly Problem[]
}

interface Group {
  readonly own: NetworkSet
  readonly groups: readonly { readonly name: string; readonly index: number }[]
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
    const ranges: AddressRange[] = []
    const inner: { name: string; index: number }[] = []
    for (const [index, { address, enabled }] of entries.entries()) {
      if (!enabled) continue
      const member = parseGroupAddress(address)
      if (member.is === 'range') ranges.push(member.range)
      else if (member.is === 'group') inner.push({ name: member.group, index })
      else if (member.is === 'this-machine') ranges.push(...machine)
    }
    groups.set(name, { own: new NetworkSet(ranges), groups: inner })
  }
  return {
    has: (name, ip) => wholeOf(name, groups).has(ip),
    set: (name) => wholeOf(name, groups),
    problems: [...missing(groups), ...cycles(groups)],
  }
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

function* missing(groups: ReadonlyMap<string, Group>): Generator<Problem> {
  for (const [name, group] of groups) {
    for (const inner of group.groups) {
      if (!groups.has(inner.name)) {
        yield { path: `ipGroups.${name}[${inner.index}]`, says: noSuchGroup(inner.name, groups.keys()) }
      }
    }
  }
}

/** Say that a group does not exist, and which one may have been meant. */
export function noSuchGroup(name: string, known: Iterable<string>): string {
  const near = nearest(name, known)
  return `There is no IP address group ${quote(name)}: ${near === undefined ? 'add it under ipGroups' : `did you mean ${near}`}${near === undefined ? '.' : '?'}`
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
