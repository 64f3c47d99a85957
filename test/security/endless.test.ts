import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { UpstreamCall } from '../../src/upstream/call.ts'
import { AddressGuard } from '../../src/upstream/connect/address-guard.ts'
import { UpstreamPools } from '../../src/upstream/connect/pools.ts'
import { Proxies } from '../../src/upstream/connect/proxies.ts'
import { failureOfThrown } from '../../src/upstream/failure.ts'
import { upstreamTarget } from '../../src/upstream/target.ts'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'

/** Bytes that an upstream may have written of a refusal before it notices that nobody reads on. */
const UNREAD_BYTES_MAX = 20_000_000

/** What a refusal consists of, again and again. */
let refusal = ''

/** Answers without an end, by the path that asks for them. */
const ENDLESS: Record<string, (response: ServerResponse) => void> = {
  'POST /v1/chat/completions': (response) => pour(response.writeHead(400), refusal),
  'GET /v1/models': (response) => pour(response.writeHead(200), ' '.repeat(100_000)),
  'POST /v1/drip': (response) => pour(response.writeHead(200), 'x'),
}

/** Connections that are still written to. */
const open = new Set<ServerResponse>()
let written = 0

function pour(response: ServerResponse, piece: string): void {
  open.add(response)
  response.once('close', () => open.delete(response))
  const timer = setInterval(() => {
    response.write(piece)
    written += piece.length
  }, 1)
  response.once('close', () => clearInterval(timer))
}

const server = createServer((request, response) => {
  request.resume()
  ENDLESS[`${request.method} ${request.url}`]?.(response)
})

let baseUrl: string
let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  proxy = await startProxy({ env: { OPENAI_BASE_URL: baseUrl } })
  customer = await proxy.customer('1000')
})
afterAll(async () => {
  await proxy.close()
  server.closeAllConnections()
  server.close()
})

const isOver = () => eventually(() => open.size === 0 || undefined)

test.each([
  ['that pours', 'no '.repeat(5_000)],
  ['that drips', 'x'],
])('a refusal %s without an end is read in part, and its connection closed', async (_, piece) => {
  refusal = piece
  written = 0
  const messages = [{ role: 'user', content: 'Hi' }]
  const response = await proxy.chat(customer.key, { model: 'm', messages })
  expect(response.status).toBe(400)
  expect(JSON.parse(await response.text()).error.code).toBe('upstream_rejected')
  await isOver()
  expect(written).toBeLessThan(UNREAD_BYTES_MAX)
})

test('a list of models without an end is no list, and its connection is closed', async () => {
  const authorization = `Bearer ${customer.key}`
  const response = await fetch(`${proxy.url}/models`, { headers: { authorization } })
  expect([response.status, JSON.parse(await response.text()).data]).toEqual([200, []])
  await isOver()
})

test('an answer that goes on and on fails as a timeout at last, and its connection is closed', async () => {
  const timeouts = { connectMs: 1_000, firstByteMs: 10_000, idleMs: 10_000 }
  const proxies = new Proxies({ http: null, https: null, direct: [] })
  const pools = new UpstreamPools(timeouts, new AddressGuard([]), proxies)
  const target = upstreamTarget('drip', new URL(baseUrl), null, 'env')
  const heard: Error[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const listener = {
    head: () => {},
    data: () => {},
    end: resolve,
    failed: (error: Error) => {
      heard.push(error)
      resolve()
    },
  }
  new UpstreamCall(listener, 300).start(pools.of(target), target.pathOf('/drip'), {}, '{}')
  await promise
  expect(heard.map((error) => failureOfThrown(error).code)).toEqual(['upstream_timeout'])
  await isOver()
  await pools.close()
})
