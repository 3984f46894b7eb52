const STAR = '*'.charCodeAt(0)
const ONE = '?'.charCodeAt(0)

/**
 * Tell whether a text matches a pattern, where `*` stands for any characters, none included, and `?` for one. Takes at
 * most the product of the lengths, whatever the pattern.
 */
export function matchesPattern(pattern: string, local: string): boolean {
  // Most patterns begin with a letter, which settles it for most.
  const first = pattern.charCodeAt(0)
  if (first !== STAR && first !== ONE && first !== local.charCodeAt(0)) return pattern === local
  const wanted = [...pattern]
  const given = [...local]
  let at = 0
  let position = 0
  // Where the last `*` stood, and how far it has been stretched; going back to the last one alone is enough.
  let star = -1
  let stretched = 0
  while (position < given.length) {
    if (wanted[at] === '*') {
      star = at++
      stretched = position
    } else if (at < wanted.length && (wanted[at] === '?' || wanted[at] === given[position])) {
      at++
      position++
    } else if (star >= 0) {
      at = star + 1
      position = ++stretched
    } else {
      return false
    }
  }
  while (wanted[at] === '*') at++
  return at === wanted.length
}
