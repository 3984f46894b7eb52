import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileGroups } from './ip-groups.ts'

type Texts = Readonly<Record<string, readonly string[]>>

function compile(groups: Texts, machine: readonly string[] = []) {
  const entries = Object.entries(groups).map(([name, list]) => [
    name,
    list.map((text) => ({ address: text.replace(/^#/, ''), enabled: !text.startsWith('#') })),
  ])
  return compileGroups(Object.fromEntries(entries), machine)
}

const CASES: readonly [string, Texts, group: string, ip: string, boolean][] = [
  ['an address', { a: ['192.0.2.1'] }, 'a', '192.0.2.1', true],
  ['an IPv4-mapped client', { a: ['192.0.2.0/24'] }, 'a', '::ffff:192.0.2.9', true],
  ['a stranger', { a: ['192.0.2.1'] }, 'a', '192.0.2.2', false],
  ['a disabled entry', { a: ['#192.0.2.1'] }, 'a', '192.0.2.1', false],
  ['a group that does not exist', {}, 'a', '192.0.2.1', false],
  ['a name of Object.prototype', {}, 'constructor', '192.0.2.1', false],
  ['a group in a group', { a: ['group:b'], b: ['192.0.2.1'] }, 'a', '192.0.2.1', true],
  ['the group around a group', { a: ['group:b', '192.0.2.1'], b: ['192.0.2.2'] }, 'b', '192.0.2.1', false],
  ['three deep', { a: ['group:b'], b: ['group:c'], c: ['2001:db8::/32'] }, 'a', '2001:db8::5', true],
  ['a disabled group in a group', { a: ['#group:b'], b: ['192.0.2.1'] }, 'a', '192.0.2.1', false],
  ['this machine', { a: ['this-machine'] }, 'a', '198.51.100.7', true],
  ['loopback as this machine', { a: ['this-machine'] }, 'a', '127.0.0.2', true],
  ['a circle', { a: ['group:b'], b: ['group:a', '192.0.2.1'] }, 'a', '192.0.2.1', true],
]

for (const [name, groups, group, ip, member] of CASES) {
  test(`${name}: ${ip} is ${member ? '' : 'not '}in ${group}`, () => {
    assert.equal(compile(groups, ['127.0.0.0/8', '198.51.100.7']).has(group, ip), member)
  })
}

const PROBLEMS: readonly [string, Texts, readonly [string, RegExp][]][] = [
  ['none', { a: ['group:b'], b: ['group:c', '1.1.1.1'], c: ['1.1.1.2'] }, []],
  ['a diamond is no circle', { a: ['group:b', 'group:c'], b: ['group:d'], c: ['group:d'], d: [] }, []],
  ['itself', { a: ['group:a'] }, [['ipGroups.a[0]', /a > a/]]],
  [
    'a circle of three',
    { a: ['group:b'], b: ['group:c'], c: ['1.1.1.1', 'group:a'] },
    [['ipGroups.c[1]', /a > b > c > a/]],
  ],
  ['a circle beside the way in', { in: ['group:a'], a: ['group:b'], b: ['group:a'] }, [['ipGroups.b[0]', /a > b > a/]]],
  ['a disabled circle', { a: ['#group:a'] }, []],
]

for (const [name, groups, wanted] of PROBLEMS) {
  test(`problems: ${name}`, () => {
    const { problems } = compile(groups)
    assert.equal(problems.length, wanted.length, JSON.stringify(problems))
    for (const [index, [path, says]] of wanted.entries()) {
      assert.equal(problems[index]?.path, path)
      assert.match(problems[index]?.says ?? '', says)
    }
  })
}

test('a chain of a thousand groups and a lattice of ways cost no stack and no time', () => {
  const name = (index: number) => `g${index}`
  const chain = Object.fromEntries(
    Array.from({ length: 1000 }, (_, index) => [name(index), [`group:${name(index + 1)}`]]),
  )
  assert.ok(compile({ ...chain, g1000: ['192.0.2.1'] }).has('g0', '192.0.2.1'))
  const lattice = Object.fromEntries(
    Array.from({ length: 60 }, (_, index) => [name(index), [`group:${name(index + 1)}`, `group:${name(index + 2)}`]]),
  )
  assert.ok(compile({ ...lattice, g60: ['192.0.2.1'], g61: [] }).has('g0', '192.0.2.1'))
})

test('a group is found to lead in a circle exactly when it can reach itself', () => {
  const edges = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 })), { maxLength: 12 })
  fc.assert(
    fc.property(edges, (pairs) => {
      const groups: Record<string, string[]> = Object.fromEntries([0, 1, 2, 3, 4, 5].map((index) => [`g${index}`, []]))
      for (const [from, to] of pairs) groups[`g${from}`]?.push(`group:g${to}`)
      const reaches = (from: number, seen = new Set<number>()): Set<number> => {
        for (const [a, b] of pairs) {
          if (a !== from || seen.has(b)) continue
          seen.add(b)
          reaches(b, seen)
        }
        return seen
      }
      const circular = [0, 1, 2, 3, 4, 5].some((index) => reaches(index).has(index))
      assert.equal(compile(groups).problems.length > 0, circular)
    }),
    { numRuns: 200 },
  )
})
