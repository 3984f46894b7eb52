import type { Confirmable } from '#admin/api.ts'
import type { OptionDeclaration, ParsedOptions } from './command.ts'

export const CONFIRM_OPTION = {
  confirm: { about: 'The second yes to a change that is refused because it is dangerous; the refusal says why.' },
} as const satisfies Record<string, OptionDeclaration>

/** Give what the option --confirm adds to a request. */
export function confirmedBy(options: ParsedOptions): Confirmable & { readonly confirmed?: true } {
  return options.flag('confirm') ? { confirmed: true } : {}
}
