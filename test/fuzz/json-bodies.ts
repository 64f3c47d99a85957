import type { Random } from './random.ts'

const NAMES = [
  ...['model', 'stream', 'stream_options', 'n', 'max_tokens', 'max_completion_tokens', 'messages'],
  ...['prompt', 'input', 'max_output_tokens', 'encoding_format', 'system', 'tools', 'user', 'size'],
  ...['voice', 'best_of', 'suffix', 'previous_response_id', 'metadata', '__proto__', 'constructor'],
  ...['', 'é', '\\u006dodel', 'mo\\u0064el', 'x', 'seed', 'temperature'],
]
const NUMBERS = [
  '0',
  '1',
  '-1',
  '1.0',
  '1e400',
  '-0',
  '9007199254740993',
  '1e-7',
  '128',
  '129',
  '01',
]
const TEXTS = ['"m"', '""', '"hi"', '"\\u00e9"', '"\\ud83d"', '"😀"', '"\\""', '"\\\\"', '"a\\nb"']
const WORDS = ['true', 'false', 'null']
const NOT_JSON = ['NaN', 'undefined', "'x'", '01', '.5', '+1', '"\n"', '']
const SPACES = ['', '', '', ' ', '\n', '\t ', '\r\n']

/** A body for a JSON endpoint: mostly one that it takes, or nearly. */
export function bodyOf(random: Random): Buffer {
  if (random.oneIn(40)) return Buffer.from(random.pick(['', '{', '[]', '1', '{}', '"x"', 'null']))
  const members = [...likely(random), ...random.some(5, () => memberOf(random, 3))]
  const bytes = Buffer.from(objectOf(random, shuffled(random, members)))
  if (random.oneIn(12) && bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256)
  return bytes
}

/** What a request needs, each of it mostly there. */
function likely(random: Random): string[] {
  const text = () => random.pick(TEXTS)
  const message = () => `{"role":"user","content":${random.oneIn(5) ? valueOf(random, 2) : text()}}`
  const members = [
    `"model":${random.oneIn(15) ? valueOf(random, 1) : '"m"'}`,
    `"messages":[${random.some(3, message).join(',')}]`,
    `"prompt":${text()}`,
    `"input":${random.oneIn(3) ? `[${random.some(3, text).join(',')}]` : text()}`,
    `"max_tokens":${random.oneIn(6) ? valueOf(random, 1) : 1 + random.below(500)}`,
    `"stream":${random.pick(['true', 'true', 'false', 'null', '1'])}`,
    '"voice":"alloy"',
  ]
  return members.filter(() => !random.oneIn(8))
}

function memberOf(random: Random, depth: number): string {
  const space = () => random.pick(SPACES)
  return `${space()}"${random.pick(NAMES)}"${space()}:${space()}${valueOf(random, depth)}${space()}`
}

function valueOf(random: Random, depth: number): string {
  if (depth > 0 && random.oneIn(4)) {
    return objectOf(
      random,
      random.some(4, () => memberOf(random, depth - 1)),
    )
  }
  if (depth > 0 && random.oneIn(5)) {
    return `[${random.some(4, () => valueOf(random, depth - 1)).join(',')}]`
  }
  if (random.oneIn(200)) return '['.repeat(2_000) + ']'.repeat(2_000)
  return random.pick(random.oneIn(60) ? NOT_JSON : random.pick([NUMBERS, TEXTS, WORDS]))
}

function objectOf(random: Random, members: readonly string[]): string {
  return `{${members.join(',')}${random.oneIn(60) ? ',' : ''}}`
}

function shuffled<T>(random: Random, list: readonly T[]): T[] {
  const left = [...list]
  return list.map(() => left.splice(random.below(left.length), 1)[0] as T)
}
