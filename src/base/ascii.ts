const ASCII = /^\p{ASCII}*$/u

/** Tell whether a text is ASCII and nothing else, controls included. */
export function isAscii(text: string): boolean {
  return ASCII.test(text)
}
