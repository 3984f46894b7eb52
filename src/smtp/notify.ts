/** Tell whether NOTIFY (RFC 3461 §4.1) asks to hear of success. */
export function asksSuccess(notify: string | undefined): boolean {
  return notify?.split(',').some(isSuccess) === true
}

/** Give NOTIFY as it goes on to several: success has been reported by then (RFC 3461 §5.2.7.3 b). */
export function withoutSuccess(notify: string): string {
  const rest = notify.split(',').filter((word) => !isSuccess(word))
  return rest.length === 0 ? 'NEVER' : rest.join(',')
}

function isSuccess(word: string): boolean {
  return word.toUpperCase() === 'SUCCESS'
}
