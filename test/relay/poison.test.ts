import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ASK_STREAM, ask } from './client.ts'
import {
  DONE,
  openStream,
  opens,
  says,
  startUpstream,
  type Upstream,
  USAGE_EVENT,
} from './upstream.ts'

/** Each breaks some client when it reaches it (W-51 to W-56, W-66). */
const POISON = {
  'empty data': 'data:\n\n',
  'empty data with a space': 'data: \n\n',
  'data that is only spaces': 'data:   \n\n',
  'an empty object': 'data: {}\n\n',
  'an event without data': 'event: ping\n\n',
  'an event with data that is no chunk': 'event: ping\ndata: {"type":"ping"}\n\n',
  'an id': 'id: 7\n\n',
  'a time to reconnect': 'retry: 10\n\n',
  'all fields at once': 'event: message\nid: 8\nretry: 1\ndata:\n\n',
  'a comment': ': OPENROUTER PROCESSING\n\n',
  'a comment without text': ':\n\n',
  'many blank lines': '\n\n\n\n',
  'a usage chunk nobody asked for': USAGE_EVENT,
  'an unknown field': 'extra: 1\n\n',
}

let upstream: Upstream
let proxy: Tollkeeper
let customer: Customer
let stream = ''
beforeAll(async () => {
  upstream = await startUpstream((response) => openStream(response).end(stream))
  proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.origin } })
  customer = await proxy.customer('100000')
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

const CLEAN = [opens('one'), says('two €'), says('', 'stop'), DONE]

async function relayed(sent: string): Promise<string> {
  stream = sent
  const { status, text } = await ask(proxy, customer.key, ASK_STREAM)
  expect(status).toBe(200)
  return text
}

test.each(Object.entries(POISON))('%s never reaches a client', async (_what, poison) => {
  const around = poison + CLEAN.join(poison) + poison
  expect(await relayed(around)).toBe(CLEAN.join(''))
})

test.each([
  ['event: message\n', ''],
  ['id: 7\n', ''],
  ['retry: 10\n', ''],
  [': comment\n', ''],
  ['', 'id: 7\n'],
  ['', ': comment\n'],
])('an event loses the lines that are not its data: %j %j', async (before, after) => {
  const dressed = CLEAN.map((one) => `${before}${one.slice(0, -1)}${after}\n`)
  expect(await relayed(dressed.join(''))).toBe(CLEAN.join(''))
})

test.each([
  ['CR LF', (one: string) => one.replaceAll('\n', '\r\n')],
  ['CR', (one: string) => one.replaceAll('\n', '\r')],
  ['no space after data:', (one: string) => one.replace('data: ', 'data:')],
  ['data of several lines', (one: string) => one.replace('"choices"', '\ndata: "choices"')],
  ['a byte order mark', (one: string, n: number) => (n === 0 ? `\u{feff}${one}` : one)],
])('a stream with %s leaves in the one form that every client reads', async (_what, dress) => {
  expect(await relayed(CLEAN.map(dress).join(''))).toBe(CLEAN.join(''))
})

test.each(['"usage":null', '"error":null', '"error":null,"usage":null'])(
  'members on a line of their own that are not for the client leave no gap: %s',
  async (members) => {
    const [first, ...rest] = CLEAN as [string, ...string[]]
    const dressed = first.replace('}\n\n', `\ndata: ,${members}\ndata: }\n\n`)
    expect(await relayed([dressed, ...rest].join(''))).toBe(CLEAN.join(''))
  },
)
