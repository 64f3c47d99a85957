import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Customer, Proxy as Tollkeeper } from '../harness/proxy.ts'
import { startProxy } from '../harness/proxy.ts'
import { openStream, opens, startUpstream, type Upstream } from '../relay/upstream.ts'
import { LOOPBACK, putModel, putProvider, say } from '../routing/setup.ts'

/** Keys of shapes that no pattern knows: that of an UUID, and that of the page of a server. */
const KEYS = ['0f8b1c52-77aa-4c0e-9d61-2b7e5a3c9d10', 'token-abc123', 'my/own+secret"word']

let upstream: Upstream
let proxy: Tollkeeper
let customer: Customer
/** What the upstream does with the key it was sent. */
let answer: Parameters<typeof startUpstream>[0]
beforeAll(async () => {
  upstream = await startUpstream((...asked) => answer(...asked))
  proxy = await startProxy({ env: LOOPBACK })
  customer = await proxy.customer('1000')
  for (const [at, key] of KEYS.entries()) {
    await putProvider(proxy, `p${at}`, { url: upstream.origin }, key)
    await putModel(proxy, `m${at}`, [{ provider: `p${at}` }])
  }
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

const keyOf = (header: string | undefined) => String(header).replace(/^Bearer /, '')

/** Sends a request by each key. @returns all that the client, the log and the record tell of it */
async function told(more: object = {}): Promise<string[]> {
  return Promise.all(
    KEYS.map(async (_, at) => {
      const response = await proxy.chat(customer.key, say(`m${at}`, more))
      const text = await response.text()
      const id = response.headers.get('x-request-id') as string
      const record = await proxy.settled(id)
      await proxy.logOf(id)
      const lines = proxy.logs.filter(({ request_id }) => request_id === id)
      return text + JSON.stringify([record, lines])
    }),
  )
}

function expectNoKey(texts: string[]): void {
  for (const [at, text] of texts.entries()) {
    const key = KEYS[at] as string
    expect(text).toContain('Sorry')
    expect(text).toContain('***')
    expect(text).not.toContain(key)
    expect(text).not.toContain(JSON.stringify(key).slice(1, -1))
  }
}

test.each([400, 401, 404, 429, 500])(
  'the key of a provider that repeats it in a refusal is told to nobody: %i',
  async (status) => {
    answer = (response, { headers }) => {
      const message = `Sorry: ${keyOf(headers.authorization)}.`
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error: { message, param: message, code: 'x' } }))
    }
    expectNoKey((await told()).map((text) => (status === 401 ? `Sorry ***${text}` : text)))
  },
)

test.each([true, false])(
  'nor where it is in an error inside a 200 (stream: %s)',
  async (stream) => {
    answer = (response, { headers }) => {
      const error = { message: `Sorry: ${keyOf(headers.authorization)}.` }
      if (stream) openStream(response).end(`data: ${JSON.stringify({ error })}\n\n`)
      else response.end(JSON.stringify({ error }))
    }
    expectNoKey(await told({ stream }))
  },
)

test('nor where a stream breaks with it', async () => {
  answer = (response, { headers }) => {
    const error = { message: `Sorry: ${keyOf(headers.authorization)}.` }
    openStream(response).end(`${opens('Hi')}data: ${JSON.stringify({ error })}\n\n`)
  }
  expectNoKey(await told({ stream: true }))
})
