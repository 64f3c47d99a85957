import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'

let end: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const one of end.splice(0)) await one()
})

/** What a customer is listed of an upstream that lists its models so. */
async function listed(body: string, type = 'application/json'): Promise<string[]> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': type }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const proxy: Tollkeeper = await startProxy({
    env: { OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1` },
  })
  end = [() => proxy.close(), async () => server.close()]
  const { key } = await proxy.customer('1')
  const headers = { authorization: `Bearer ${key}` }
  const response = await fetch(`${proxy.url}/models`, { headers })
  expect(response.status).toBe(200)
  const { data } = (await response.json()) as { data: { id: string }[] }
  return data.map(({ id }) => id)
}

const MANY = Array.from({ length: 10_000 }, (_, at) => ({ id: `model-${at}` }))

test.each<[what: string, body: string, ids: string[]]>([
  ['a bare list', '[{"id":"a"},{"id":"b"}]', ['a', 'b']],
  ['a name twice', '{"data":[{"id":"a"},{"id":"a"}]}', ['a']],
  ['what has no name', '{"data":[{"id":"a"},{"id":1},{"id":""},null,7,{}]}', ['a']],
  ['10,000', JSON.stringify({ data: MANY }), MANY.map(({ id }) => id)],
  ['nothing that is a list', '{"data":{"a":1}}', []],
  ['a page', '<!doctype html><p>Hi', []],
])('an upstream that lists %s', async (_what, body, ids) => {
  const type = body.startsWith('<') ? 'text/html' : 'application/json'
  expect(await listed(body, type)).toEqual(ids)
})
