const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Read bytes as UTF-8; undefined when they are none. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}
