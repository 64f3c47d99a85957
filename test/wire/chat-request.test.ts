import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chatCompletions } from '../../src/endpoints/chat-completions.ts'

/** Fields that are not ours, with JSON that does not survive a parser. */
const UNKNOWN =
  '"seed":9007199254740993, "temperature" : 1.0,\n"t":1e-7,"__proto__":{"x":[1.0,{"y":-0}]},' +
  '"extra":{"model":"no","stream":1,"max_tokens":"\\u00e9😀"},"stop":["\\"}]"]'
const MESSAGES = '"messages":[{"role":"user","content":"Hi","cache_control":{"ttl":1.50}}]'

const read = (text: string) => chatCompletions.read(Buffer.from(text), 'application/json')

/** The body sent upstream for a body that arrived. */
function sent(text: string, outputLimit: number | null = null, upstreamModel?: string): string {
  const request = read(text)
  const change = { upstreamModel: upstreamModel ?? request.model, outputLimit }
  return String(chatCompletions.upstreamBody(request, change))
}

describe('the body sent upstream', () => {
  test('is the body that arrived, byte for byte, where nothing is ours to change', () => {
    const body = ` {${UNKNOWN} ,"model":"m",${MESSAGES}}\n`
    expect(sent(body)).toBe(body)
    const stream = `{"stream_options":{"include_usage":true,"a":1.0},${UNKNOWN},"stream":true,"model":"m",${MESSAGES}}`
    expect(sent(stream)).toBe(stream)
  })

  test('asks a stream to report its usage, and touches nothing else', () => {
    const body = `{"model":"m","stream":true,${UNKNOWN},${MESSAGES}}`
    expect(sent(body)).toBe(`{"stream_options":{"include_usage":true},${body.slice(1)}`)
  })

  test.each([
    ['{}', '{"include_usage":true}'],
    ['null', '{"include_usage":true}'],
    ['{"include_usage":false}', '{"include_usage":true}'],
    ['{ "include_usage" : null }', '{ "include_usage" : true }'],
    ['{"include_obfuscation":false}', '{"include_usage":true,"include_obfuscation":false}'],
    ['{"x":[9007199254740993,1.0]}', '{"include_usage":true,"x":[9007199254740993,1.0]}'],
  ])('keeps the other members of stream_options %s', (options, expected) => {
    const body = (text: string) =>
      `{"model":"m","stream_options": ${text} ,"stream":true,${MESSAGES}}`
    expect(sent(body(options))).toBe(body(expected))
  })

  test.each(['', '"stream":false,', '"stream":null,'])(
    'has no stream_options where there is no stream: {%s…}',
    (stream) => {
      const body = `{"model":"m","stream_options":{"include_usage":true},${stream}${UNKNOWN},${MESSAGES}}`
      const rest = `{"model":"m",${stream}${UNKNOWN},${MESSAGES}}`
      expect(sent(body)).toBe(rest)
    },
  )

  test.each([
    ['"max_tokens":500', '"max_tokens":90'],
    ['"max_completion_tokens": 500', '"max_completion_tokens": 90'],
    ['"max_tokens":500,"max_completion_tokens":100', '"max_tokens":90,"max_completion_tokens":90'],
    ['"max_tokens":null', '"max_tokens":90'],
  ])('carries a lowered limit under the names the client used: %s', (limits, expected) => {
    const body = (text: string) => `{"model":"m",${text},${UNKNOWN},${MESSAGES}}`
    expect(sent(body(limits), 90)).toBe(body(expected))
  })

  test('carries a limit of ours as max_tokens where the client set none', () => {
    const body = `{"model":"m",${UNKNOWN},${MESSAGES}}`
    expect(sent(body, 90)).toBe(`{"max_tokens":90,${body.slice(1)}`)
  })

  test('keeps the text of a limit that is not lowered', () => {
    const body = `{"model":"m","max_tokens":5e2,${MESSAGES}}`
    expect(sent(body, 500)).toBe(body)
    expect(sent(body, null)).toBe(body)
  })

  test('names the upstream its own name of the model', () => {
    const body = `{${UNKNOWN},"model" : "m",${MESSAGES}}`
    expect(sent(body, null, 'org/"m"')).toBe(body.replace('"m",', '"org/\\"m\\"",'))
  })

  test('carries any other field at any depth byte for byte', () => {
    const field = fc.tuple(fc.string(), fc.json({ maxDepth: 4 }))
    fc.assert(
      fc.property(fc.array(field), fc.boolean(), (fields, stream) => {
        const text = fields.map(([name, json]) => `${JSON.stringify(`x${name}`)}: ${json}`)
        const body = `{${[...text, `"model":"m","stream":${stream}`, MESSAGES].join(' , ')}}`
        const added = stream ? '"stream_options":{"include_usage":true},' : ''
        expect(sent(body)).toBe(`{${added}${body.slice(1)}`)
      }),
    )
  })

  test('loses a byte order mark and nothing else', () => {
    const body = `{"model":"m",${MESSAGES}}`
    expect(sent(`\u{feff}${body}`)).toBe(body)
  })
})

describe('what is read of a request', () => {
  const limitOf = (fields: string) => read(`{"model":"m",${fields}${MESSAGES}}`).outputLimit

  test('is the lower limit of both names', () => {
    expect(limitOf('')).toBe(null)
    expect(limitOf('"max_tokens":7,')).toBe(7)
    expect(limitOf('"max_completion_tokens":8,')).toBe(8)
    expect(limitOf('"max_tokens":9,"max_completion_tokens":8,')).toBe(8)
    expect(limitOf('"max_tokens":7,"max_completion_tokens":8,')).toBe(7)
    expect(limitOf('"max_tokens":null,"max_completion_tokens":8,')).toBe(8)
  })

  test.each([
    ['"stream":true,"stream_options":{"include_usage":true}', true],
    ['"stream":true,"stream_options":{"include_usage":false}', false],
    ['"stream":true,"stream_options":{}', false],
    ['"stream":true,"stream_options":null', false],
    ['"stream":true', false],
    ['"stream_options":{"include_usage":true}', false],
  ])('is whether the client wants a usage chunk: {%s}', (fields, wanted) => {
    expect(read(`{"model":"m",${fields},${MESSAGES}}`).wantsUsage).toBe(wanted)
  })

  test('is the same from a body indented by a client', () => {
    const body = { model: 'm', stream: true, n: 2, max_tokens: 5, messages: [] }
    const { model, stream, choices, outputLimit } = read(JSON.stringify(body, null, 2))
    expect({ model, stream, choices, outputLimit }).toEqual({
      model: 'm',
      stream: true,
      choices: 2,
      outputLimit: 5,
    })
  })
})
