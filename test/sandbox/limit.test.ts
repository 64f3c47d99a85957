import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox()
})
afterAll(() => sandbox.close())

const post = (path: string, body?: object) =>
  fetch(sandbox.url + path, { method: 'POST', body: JSON.stringify(body ?? {}) })

const ask = () => post('/chat/completions', { model: 'any', messages: [] })

test('a limited sandbox answers every call with a 429, and then serves again', async () => {
  await post('/sandbox/limit')
  const refused = await ask()
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
  expect(await refused.json()).toMatchObject({ error: { code: 'rate_limit_exceeded' } })
  await post('/sandbox/unlimit')
  expect((await ask()).status).toBe(200)
  expect([...sandbox.calls.values()].map(({ finished }) => finished)).toEqual([true, true])
})
