import fc from 'fast-check'

/** A body as a client sends it, and as the upstream has to get it. */
export type Sent = { path: string; body: string; upstream: string }

/** The name the client sends: longer than any text that is made up. */
export const PUBLIC = 'the/public-name-of-the-model'

/** JSON that does not survive a parser, or looks like what we look for. */
const TRAPS = [
  ...['9007199254740993', '-0', '1.0', '1e400', '1E-7', '0.10', '123456789012345678901234567890'],
  ...[
    '"\\u00e9"',
    '"é"',
    '"\\ud83d\\ude00"',
    '"😀"',
    '"\\ud800"',
    '"\\/"',
    '"\\"model\\":\\"x\\""',
  ],
  ...['{}', '[]', 'null', 'true', '{"model":"other","stream":true}', '{"a":1,"a":2}', '"\\\\"'],
]
const NAMES = [
  ...['seed', 'temperature', 'chat_template_kwargs', 'user', 'Models', 'model ', '__proto__', ''],
  ...['constructor', 'stream\\u0000', 'provider', 'é', '\\u00e9', 'extra_content', 'top_k'],
]
const space = fc.constantFrom('', '', '', ' ', '\n', '\t', '\r\n  ')

const deep = fc.integer({ min: 1, max: 200 }).map((depth) => '['.repeat(depth) + ']'.repeat(depth))
const { json } = fc.letrec<{ json: string; object: string; array: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...TRAPS),
    deep,
    fc.string().map((text) => JSON.stringify(text)),
    tie('object'),
    tie('array'),
  ),
  object: fc
    .array(fc.tuple(fc.string(), space, tie('json')), { maxLength: 4 })
    .map((all) => `{${all.map(([key, gap, value]) => `${JSON.stringify(key)}${gap}:${value}`)}}`),
  array: fc
    .tuple(space, fc.array(tie('json'), { maxLength: 4 }))
    .map(([gap, all]) => `[${gap}${all}]`),
}))

/** A member of a name that nobody owns, maybe more than once in its body. */
const unknown = fc
  .tuple(fc.constantFrom(...NAMES), space, space, json)
  .map(([name, before, after, value]) => `"${name}"${before}:${after}${value}`)

const MESSAGES = `"messages":[{"role":"user","content":"Hi \\u00e9","x":[1.0,{"y":-0}]}]`

/** What each endpoint needs, with fields of its own that are left alone. */
const NEEDED: Record<string, string[]> = {
  '/chat/completions': [MESSAGES, '"max_tokens":5e1'],
  '/completions': ['"prompt":["Hi \\u00e9", [1, 2]]', '"max_tokens": 50'],
  '/responses': ['"input":[{"role":"user","content":"Hi","x":1.0}]', '"max_output_tokens":50'],
  '/messages': [MESSAGES, '"max_tokens":50'],
  '/messages/count_tokens': [MESSAGES],
  '/embeddings': ['"input":["Hi \\u00e9"]', '"encoding_format":"base64"'],
  '/moderations': ['"input":"Hi \\u00e9"'],
  '/images/generations': ['"prompt":"Hi \\u00e9"'],
  '/audio/speech': ['"input":"Hi \\u00e9"', '"voice":"alloy"'],
}
export const PATHS = Object.keys(NEEDED)

const ASKS_USAGE = '"stream_options":{"include_usage":true},'

/**
 * A body of an endpoint with any fields around those it needs.
 * @param upstreamModel what the upstream calls the model
 */
export function bodyOf(path: string, upstreamModel: string): fc.Arbitrary<Sent> {
  const isChoices = path === '/chat/completions' || path === '/completions'
  const streams = isChoices || path === '/responses' || path === '/messages'
  const stream = fc.constantFrom(...(streams ? ['true', 'false', 'null'] : ['']))
  const more = fc.array(unknown, { maxLength: 6 })
  return fc
    .tuple(stream, more, fc.array(space, { minLength: 4, maxLength: 4 }))
    .chain(([asks, others, [open, after, comma, close]]) => {
      const needed = [...(NEEDED[path] ?? []), ...(asks ? [`"stream":${asks}`] : [])]
      const members = [...needed, ...others, `"model":${after}"${PUBLIC}"`]
      return fc.shuffledSubarray(members, { minLength: members.length }).map((shuffled) => {
        const text = (model: string, first: string) => {
          const named = shuffled
            .join(`${comma},`)
            .replace(`"${PUBLIC}"`, () => JSON.stringify(model))
          return `{${open}${first}${named}${close}}`
        }
        const asked = isChoices && asks === 'true' ? ASKS_USAGE : ''
        return { path, body: text(PUBLIC, ''), upstream: text(upstreamModel, asked) }
      })
    })
}
