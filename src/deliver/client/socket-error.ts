import { messageOf } from '#base/fault.ts'
import { printable } from '#base/printable.ts'

/** Say what a socket died of, on one line. OpenSSL's messages name its source files, and end in a line feed; what it found stands in `reason`. */
export function socketErrorText(error: Error & { readonly reason?: unknown }): string {
  return printable((typeof error.reason === 'string' ? error.reason : messageOf(error)).trim(), 200)
}
