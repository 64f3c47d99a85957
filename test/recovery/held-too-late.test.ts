import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { eventually, startProxy } from '../harness/proxy.ts'

test('a request whose body comes when the drain is over is refused, and holds nothing', async () => {
  const proxy = await startProxy()
  const { accountId, key } = await proxy.customer('1000')
  const client = request(`${proxy.url}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  })
  const answer = once(client, 'response') as Promise<[IncomingMessage]>
  client.write('{"model":"sandbox-echo",')
  await eventually(() => proxy.logs.find(({ stage }) => stage === 'body'))
  await proxy.app.drain(0)
  client.end('"messages":[{"role":"user","content":"Hello"}]}')

  const [response] = await answer
  expect(response.statusCode).toBe(503)
  expect(JSON.parse(await text(response)).error).toMatchObject({ code: 'shutting_down' })
  const id = response.headers['x-request-id'] as string
  expect(await proxy.settled(id)).toMatchObject({ outcome: 'refused', charged: '0' })
  expect((await proxy.admin('GET', `/accounts/${accountId}`)).body).toMatchObject({
    posted: '1000',
    held: '0',
  })
  expect([...proxy.sandbox.calls.keys()]).toEqual([])
  await proxy.close()
})
