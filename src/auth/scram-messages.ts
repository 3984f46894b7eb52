/** The client's two messages of SCRAM (RFC 5802 §7), read strictly. Each reader gives a string that says what is wrong. */

export interface ClientFirst {
  /** `n`: the client binds to no channel; `y`: it would, but thinks the server does not; else the binding's name. */
  readonly binding: 'n' | 'y' | { readonly name: string }
  /** The part that the client repeats in its last message, with its commas. */
  readonly gs2Header: string
  /** The rest, which both sides sign. */
  readonly bare: string
  readonly name: string
  readonly nonce: string
}

export interface ClientFinal {
  /** The GS2 header and the channel's data, as the client saw them. */
  readonly channel: Buffer
  readonly nonce: string
  readonly proof: Buffer
  /** All before the proof, which both sides sign. */
  readonly withoutProof: string
}

/** The longest message that is looked at, in characters; a name of 1024 octets fits, escaped. */
const MAX_MESSAGE = 4096
const MAX_NONCE = 256

const FIRST =
  /^((?:(n)|(y)|p=([A-Za-z0-9.-]{1,64})),(?:a=([^,]*))?,)(n=([^,]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,[A-Za-z]=[^,]*)*)$/
const FINAL = /^(c=([A-Za-z0-9+/]+={0,2}),r=([\x21-\x2b\x2d-\x7e]+)(?:,[A-Za-z]=[^,]*)*),p=([A-Za-z0-9+/]{43}=)$/

/** Read the client's first message. */
export function parseClientFirst(text: string): ClientFirst | string {
  if (text.length > MAX_MESSAGE || text.includes('\0')) return 'SCRAM: the first message is too long or holds a NUL'
  const match = FIRST.exec(text)
  if (match === null) return 'SCRAM: the first message does not follow RFC 5802 §7'
  const [, gs2Header, n, y, bindingName, authzid, bare, escapedName, nonce] = match as unknown as [
    string,
    string,
    string | undefined,
    string | undefined,
    string | undefined,
    string | undefined,
    string,
    string,
    string,
  ]
  const name = unescapeName(escapedName)
  if (name === undefined) return 'SCRAM: the name holds a = that stands for nothing'
  if (nonce.length > MAX_NONCE) return 'SCRAM: the nonce is too long'
  if (authzid !== undefined && unescapeName(authzid) !== name) {
    return 'SCRAM: the identity to act as is not the one that logs in'
  }
  const binding = n !== undefined ? 'n' : y !== undefined ? 'y' : { name: bindingName as string }
  return { binding, gs2Header, bare, name, nonce }
}

/** Read the client's last message. */
export function parseClientFinal(text: string): ClientFinal | string {
  if (text.length > MAX_MESSAGE || text.includes('\0')) return 'SCRAM: the last message is too long or holds a NUL'
  const match = FINAL.exec(text)
  if (match === null) return 'SCRAM: the last message does not follow RFC 5802 §7'
  const [, withoutProof, channel, nonce, proof] = match as unknown as [string, string, string, string, string]
  return { channel: Buffer.from(channel, 'base64'), nonce, proof: Buffer.from(proof, 'base64'), withoutProof }
}

/** RFC 5802 §5.1: `=2C` is a comma, `=3D` an equals sign, and no other `=` may stand. */
function unescapeName(text: string): string | undefined {
  if (/=(?!2C|3D)/.test(text)) return undefined
  return text.replaceAll('=2C', ',').replaceAll('=3D', '=')
}
