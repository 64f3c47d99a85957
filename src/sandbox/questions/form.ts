import { Problem } from '../problem.ts'

/** A form: its texts by name, and the bytes of its files. */
export type FormParts = { texts: Record<string, unknown>; files: number[] }

/** The texts of a form that stand for something else than text. */
const READ_AS: Record<string, (text: string) => unknown> = {
  n: Number,
  partial_images: Number,
  stream: (text) => (text === 'true' ? true : text === 'false' ? false : text),
  sandbox: (text) => JSON.parse(text),
}

/**
 * Reads a form, each byte of which is a character of `text`. Rejects with a Problem (400) for
 * anything else.
 */
export async function readForm(text: string, contentType: string): Promise<FormParts> {
  try {
    const body = Buffer.from(text, 'latin1')
    const form = await new Response(body, { headers: { 'content-type': contentType } }).formData()
    const texts: Record<string, unknown> = {}
    const files: number[] = []
    for (const [name, value] of form) {
      if (typeof value === 'string') texts[name] = READ_AS[name]?.(value) ?? value
      else files.push(value.size)
    }
    return { texts, files }
  } catch {
    throw new Problem(400, 'We could not parse the form of your request.', null)
  }
}
