import { afterAll, expect, test } from 'vitest'
import { startSandbox } from '../../src/sandbox/index.ts'
import { type Chunk, chunksOf, contentOf, post, postJson, postStream } from './client.ts'

const sandbox = await startSandbox()
afterAll(() => sandbox.close())

/** The data of each event, by the rules of the HTML standard. */
function readSse(text: string): string[] {
  const events = text.split(/\r\n\r\n|\n\n|\r\r/)
  return events
    .map((event) => event.split(/\r\n|\n|\r/).filter((line) => line.startsWith('data:')))
    .map((lines) => lines.map((line) => line.replace(/^data: ?/, '')).join('\n'))
    .filter((data) => data !== '' && data !== '[DONE]')
}

test.each(['sandbox-crlf', 'sandbox-cr', 'sandbox-noise', 'sandbox-fragments', 'sandbox-gzip'])(
  '%s says the same as a plain stream to a right reader',
  async (model) => {
    const messages = [{ role: 'user', content: 'Grüße, \u{1f30d}!' }]
    const text = await postStream(sandbox, { model, messages })
    const chunks = readSse(text).map((data) => JSON.parse(data) as Chunk)
    expect(contentOf(chunks)).toBe('Grüße, \u{1f30d}!')
    expect(text).toContain('[DONE]')
  },
)

test('CRLF comes with comments and with data over two lines', async () => {
  const text = await postStream(sandbox, { model: 'sandbox-crlf' })
  expect(text).toMatch(/^: ping\r\n\r\ndata: \{.*,\r\ndata: "choices".*\r\n\r\n/)
  expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
})

test('noise has an empty event, a ping, an id and a retry', async () => {
  const text = await postStream(sandbox, { model: 'sandbox-noise' })
  for (const line of [': ping', 'event: ping', 'data:', 'id: 7', 'retry: 10']) {
    expect(text.split('\n')).toContain(line)
  }
})

test('a stream without a newline is one endless line', async () => {
  const text = await postStream(sandbox, { model: 'sandbox-no-newline' })
  expect(text).not.toContain('\n')
})

test('a stale gzip header breaks the reader', async () => {
  const response = await post(sandbox, { model: 'sandbox-stale-gzip' })
  expect(response.headers.get('content-encoding')).toBe('gzip')
  await expect(response.text()).rejects.toThrow()
})

test('a compressed whole answer can be read', async () => {
  expect(await postJson(sandbox, { model: 'sandbox-gzip' })).toHaveProperty('choices')
})

test.each([
  ['sandbox-json-for-stream', true, 'application/json'],
  ['sandbox-stream-for-json', false, 'text/event-stream; charset=utf-8'],
  ['sandbox-text-plain', false, 'text/plain'],
])('%s answers stream %s with %s', async (model, stream, type) => {
  const response = await post(sandbox, { model, stream })
  expect(response.headers.get('content-type')).toBe(type)
  expect(await response.text()).toContain('"finish_reason":"stop"')
})

test.each([
  ['sandbox-error-null', /^data: \{.*"error":null,"choices":\[/],
  ['sandbox-no-choices', /^(?!.*"choices")/s],
  ['sandbox-no-index', /^(?!.*"index")/s],
  ['sandbox-role-empty', /"role":""/],
  ['sandbox-finish-empty', /"finish_reason":""/],
  ['sandbox-tool-no-index', /"tool_calls":\[\{"function"/],
  ['sandbox-azure-first', /^data: \{"choices":\[\],"prompt_filter_results"/],
])('%s has its defect', async (model, defect) => {
  expect(await postStream(sandbox, { model })).toMatch(defect)
})

test('a defect is in a whole answer too', async () => {
  const whole = await postJson(sandbox, { model: 'sandbox-finish-empty' })
  expect(whole).toMatchObject({ choices: [{ finish_reason: '' }] })
})

test('headers that must not cross are sent', async () => {
  const response = await post(sandbox, { model: 'sandbox-headers', stream: true })
  expect(response.headers.get('set-cookie')).toBe('upstream=1; Path=/')
  expect(chunksOf(await response.text())).not.toHaveLength(0)
})
