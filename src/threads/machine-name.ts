import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

let known: string | undefined

/**
 * Give the machine's full name, as `hostname -f` does: its own name, or the first name with a dot beside it in /etc/hosts.
 * RFC 5321 §4.1.1.1 wants a full name; where the machine has none, its bare name has to do.
 */
export function machineName(): string {
  known ??= fullName(hostname(), hostsFile())
  return known
}

/** Choose the full name of a machine out of its own name and the text of its hosts file. */
export function fullName(name: string, hosts: string): string {
  if (name.includes('.')) return name
  for (const line of hosts.split('\n')) {
    const names = line.replace(/#.*/, '').trim().split(/\s+/).slice(1)
    const full = names.find((each) => each.includes('.') && !each.startsWith('localhost'))
    if (names.includes(name) && full !== undefined) return full
  }
  return name
}

function hostsFile(): string {
  try {
    return readFileSync('/etc/hosts', 'utf8')
  } catch {
    return ''
  }
}
