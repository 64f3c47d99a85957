import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

test.for([false, true])(
  'a client that asks for its balance at once sees what it has just used, stream: %s',
  async (stream) => {
    const { key } = await proxy.customer('1000')
    const headers = { authorization: `Bearer ${key}` }
    const messages = [{ role: 'user', content: 'Hello' }]
    const sandbox = { prompt_tokens: 3, completion_tokens: 3 }
    let used = 0
    for (let turn = 0; turn < 10; turn += 1) {
      const answer = await proxy.chat(key, { model: 'sandbox-echo', stream, messages, sandbox })
      await answer.text()
      const response = await fetch(`${proxy.url}/credits`, { headers })
      const { data } = (await response.json()) as { data: Record<string, string> }
      expect(data).toMatchObject({ total_credits: '1000', held: '0' })
      expect(Number(data.total_usage)).toBeGreaterThan(used)
      used = Number(data.total_usage)
    }
  },
)
