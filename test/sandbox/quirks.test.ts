import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'
import { QUIRKS } from '../../src/sandbox/quirks/catalogue.ts'

let sandbox: Sandbox
let origin: string
beforeAll(async () => {
  sandbox = await startSandbox()
  origin = new URL(sandbox.url).origin
})
afterAll(() => sandbox.close())

const post = (path: string, body: object, init: RequestInit = {}) =>
  fetch(`${origin}/quirks/${path}/chat/completions`, {
    method: 'POST',
    body: JSON.stringify(body),
    redirect: 'manual',
    ...init,
  })
const hello = { model: 'a-model', messages: [{ role: 'user', content: 'Hello there' }] }

test('GET /quirks lists every quirky server with what it does', async () => {
  const { data } = (await (await fetch(`${origin}/quirks`)).json()) as any
  expect(data.map(({ id }: { id: string }) => id)).toEqual(Object.keys(QUIRKS))
  for (const { description } of data) expect(description).toMatch(/^[A-Z].*\.$/)
})

test('a server without a quirk is strict about its path, and answers any model', async () => {
  const answer = await post('none/v1', hello)
  expect(answer.status).toBe(200)
  const { choices } = (await answer.json()) as any
  expect(choices[0].message.content).toBe('Hello there')
  for (const path of ['none', 'none/v1/v1', 'nobody/v1']) {
    const strange = await post(path, hello)
    expect([path, strange.status]).toEqual([path, 404])
    expect(((await strange.json()) as any).error.code).toBe('unknown_url')
  }
})

test('the calls of quirky servers are in the ledger, with what was counted', async () => {
  const headers = { 'x-request-id': 'quirky-1' }
  await (await post('usage-never/v1', hello, { headers })).text()
  expect(sandbox.calls.get('quirky-1')).toMatchObject({
    model: 'a-model',
    promptTokens: 3,
    completionTokens: 3,
    finished: true,
  })
})

test('a fault of the request is told in the way of the server', async () => {
  const html = await post('html-errors/v1', {})
  expect(html.status).toBe(400)
  expect(html.headers.get('content-type')).toMatch(/^text\/html/)
  const text = await (await post('string-errors/v1', {})).json()
  expect(text).toEqual({ error: expect.any(String) })
  const inBand = await post('errors-in-200/v1', {})
  expect([inBand.status, ((await inBand.json()) as any).error.param]).toEqual([200, 'model'])
  expect((await post('errors-as-500/v1', {})).status).toBe(500)
})

test('a field that a server ignores may be anything', async () => {
  const answer = await post('ignores-max-completion-tokens/v1', {
    ...hello,
    max_completion_tokens: 1,
    max_tokens: 2,
  })
  const { choices } = (await answer.json()) as any
  expect(choices[0]).toMatchObject({ message: { content: 'Hello th' }, finish_reason: 'length' })
})
