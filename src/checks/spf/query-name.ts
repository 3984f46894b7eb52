import { isAscii } from '#base/ascii.ts'

/** RFC 1035 §2.3.4. */
const MAX_NAME = 253
const MAX_LABEL = 63

/**
 * Give what a domain-spec came to as a name that DNS can be asked for, in lower case. Undefined where it can be none: an empty
 * label, a long one, an octet beyond ASCII (RFC 8616 §4). Such a name is taken as one that does not exist (RFC 7208 §4.8).
 */
export function queryName(text: string): string | undefined {
  if (text.length > MAX_NAME || !isAscii(text)) return undefined
  return text.split('.').every((label) => label.length > 0 && label.length <= MAX_LABEL)
    ? text.toLowerCase()
    : undefined
}
