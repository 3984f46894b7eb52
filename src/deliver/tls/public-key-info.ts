const SEQUENCE = 0x30
const VERSION = 0xa0
/** serialNumber, signature, issuer, validity, subject (RFC 5280 §4.1). */
const FIELDS_BEFORE = 5

interface Element {
  readonly tag: number
  readonly start: number
  /** Where what it holds begins. */
  readonly inside: number
  readonly end: number
}

/**
 * Cut the SubjectPublicKeyInfo out of a certificate (DER) as it stands there, byte for byte: what a TLSA record with selector 1
 * names (RFC 6698 §1.1). Written anew from the key, the same key may have other bytes. Undefined for what is no certificate.
 */
export function publicKeyInfo(der: Uint8Array): Uint8Array | undefined {
  const certificate = elementAt(der, 0)
  const toBeSigned = certificate?.tag === SEQUENCE ? elementAt(der, certificate.inside) : undefined
  if (toBeSigned?.tag !== SEQUENCE) return undefined
  let field = elementAt(der, toBeSigned.inside)
  if (field?.tag === VERSION) field = elementAt(der, field.end)
  for (let passed = 0; field !== undefined && passed < FIELDS_BEFORE; passed += 1) field = elementAt(der, field.end)
  return field?.tag === SEQUENCE && field.end <= toBeSigned.end ? der.subarray(field.start, field.end) : undefined
}

/** Read the head of the element that begins here (X.690 §8.1), definite lengths alone, as DER wants it. */
function elementAt(der: Uint8Array, start: number): Element | undefined {
  const tag = der[start]
  const first = der[start + 1]
  if (tag === undefined || first === undefined) return undefined
  let length = first
  let inside = start + 2
  if (first >= 0x80) {
    const count = first & 0x7f
    if (count === 0 || count > 4) return undefined
    length = 0
    for (let read = 0; read < count; read += 1) length = length * 256 + (der[inside + read] ?? Number.NaN)
    inside += count
  }
  const end = inside + length
  return end <= der.length ? { tag, start, inside, end } : undefined
}
