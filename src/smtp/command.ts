/** A command line taken apart: the verb in upper case, and what follows it without the blanks around it. */
export interface CommandLine {
  readonly verb: string
  readonly args: string
}

/**
 * Split a command line at its first blank. Verbs are read without regard to case, and blanks at the end of a line are
 * tolerated (RFC 5321 §2.4, §4.1.1).
 */
export function splitCommand(line: string): CommandLine {
  const blank = line.indexOf(' ')
  if (blank === -1) return { verb: line.trimEnd().toUpperCase(), args: '' }
  return { verb: line.slice(0, blank).toUpperCase(), args: line.slice(blank + 1).trim() }
}

/** Give what follows `FROM:` or `TO:`; undefined when the word is not there. Blanks after the colon are common and harmless. */
export function afterKeyword(args: string, keyword: 'FROM:' | 'TO:'): string | undefined {
  if (args.slice(0, keyword.length).toUpperCase() !== keyword) return undefined
  return args.slice(keyword.length).trimStart()
}
