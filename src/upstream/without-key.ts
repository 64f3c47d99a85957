/** Characters of a key that is looked for: a shorter one may be part of any word. */
const KEY_CHARS_MIN = 8

/**
 * An upstream's words without the key it was sent, also as that stands in JSON: some repeat what
 * they were sent, and keys have any shape.
 */
export function withoutKey(text: string, apiKey: string | null): string {
  if (apiKey === null || apiKey.length < KEY_CHARS_MIN) return text
  const quoted = JSON.stringify(apiKey).slice(1, -1)
  const forms = [apiKey, quoted, quoted.replaceAll('/', '\\/')]
  return forms.reduce((left, form) => left.replaceAll(form, '***'), text)
}
