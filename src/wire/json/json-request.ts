import { ProxyError } from '../../errors.ts'
import { type Fields, invalid } from '../fields.ts'
import { keyThatIsTwice, topLevelMembers } from './json-members.ts'
import { refuseOtherSpelling } from './spelling.ts'

/** A JSON body: its text as it arrived, decoded, and what it says. */
export type JsonRequest = {
  text: string
  bytes: number
  fields: Fields
  stickyKey: string | null
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads a body that must be a JSON object (W-13, W-14).
 * @param owned the fields Tollkeeper reads: neither they nor a key within them may be there twice,
 * and they may be in no other letters
 * @throws ProxyError invalid_json, invalid_value
 */
export function readJsonRequest(body: Uint8Array, owned: ReadonlySet<string>): JsonRequest {
  const text = decode(body)
  const fields = parseObject(text)
  refuseUnclearKeys(text, owned)
  return { text, bytes: body.byteLength, fields, stickyKey: stickyKeyOf(fields) }
}

/** By what upstreams find the cache of a prompt: the key for that, else whose prompt it is. */
function stickyKeyOf({ prompt_cache_key: key, user }: Fields): string | null {
  return ([key, user].find((one) => typeof one === 'string' && one !== '') as string | null) ?? null
}

function decode(body: Uint8Array): string {
  try {
    return decoder.decode(body)
  } catch (cause) {
    throw new ProxyError('invalid_json', { message: 'The body is not valid UTF-8.', cause })
  }
}

function parseObject(text: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new ProxyError('invalid_json', { cause: withoutQuote(error as Error) })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ProxyError('invalid_json', { message: 'The body must be a JSON object.' })
  }
  return value as Fields
}

/** The parser's complaint without the text it quotes: a cause is kept, a prompt never. */
function withoutQuote({ message }: Error): Error {
  const [complaint = ''] = message.split('"', 1)
  return new SyntaxError(complaint.replace(/[,. ]+$/, ''))
}

/**
 * Two parsers may pick different ones of two equal keys, at any depth of what is read: a way round
 * the bill, or to what others have stored (W-13, W-20).
 */
function refuseUnclearKeys(text: string, owned: ReadonlySet<string>): void {
  const seen = new Set<string>()
  for (const { key, valueStart, valueEnd } of topLevelMembers(text)) {
    refuseOtherSpelling(key, owned)
    if (!owned.has(key)) continue
    if (seen.has(key)) throw invalid(key, `The body has the field "${key}" twice.`)
    seen.add(key)
    const within = keyThatIsTwice(text, valueStart, valueEnd)
    if (within !== null) throw invalid(key, `"${key}" has an object with "${within}" twice.`)
  }
}
