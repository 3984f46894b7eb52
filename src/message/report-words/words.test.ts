import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cs } from './cs.ts'
import { de } from './de.ts'
import { en } from './en.ts'
import { es } from './es.ts'
import { fr } from './fr.ts'
import { sv } from './sv.ts'

/** Give each text by its place: `reasons.loop.what`. */
function textsOf(value: object, path = ''): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const [key, each] of Object.entries(value)) {
    if (typeof each === 'string') found.set(`${path}${key}`, each)
    else for (const [place, text] of textsOf(each as object, `${path}${key}.`)) found.set(place, text)
  }
  return found
}

test('each language says as much as English, with the same values in it', () => {
  const english = textsOf(en)
  for (const [language, words] of Object.entries({ de, fr, es, cs, sv })) {
    const texts = textsOf(words)
    assert.deepEqual([...texts.keys()].sort(), [...english.keys()].sort(), language)
    for (const [place, text] of texts) {
      const where = `${language} ${place}`
      assert.deepEqual(text.match(/\{\w+\}/g), english.get(place)?.match(/\{\w+\}/g) ?? null, where)
      assert.equal(text, text.trim().normalize('NFC'), where)
      if (english.get(place)?.endsWith('.')) assert.match(text, /\.$/, where)
      if (english.get(place)?.endsWith(':')) assert.match(text, /:$/, where)
      // Nobody translated it when it is the same sentence; single words may be.
      if (text.includes(' ')) assert.notEqual(text, english.get(place), where)
    }
  }
})
