import { asObject } from './answer.ts'

/** The text of a whole response: what its model said, thought aloud, refused and called. */
export function responseText(response: unknown): string {
  const output = asObject(response)?.output
  return Array.isArray(output) ? output.map(itemText).join('') : ''
}

function itemText(item: unknown): string {
  const { content, summary, arguments: args, input, code } = asObject(item) ?? {}
  const parts = [content, summary].flatMap((list) => (Array.isArray(list) ? list : []))
  const said = parts.map(asObject).map((part) => part?.text ?? part?.refusal)
  return [...said, args, input, code].filter((text) => typeof text === 'string').join('')
}
