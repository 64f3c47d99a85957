import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventsOf, run } from '../endpoints/run.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { events, startUpstream } from './scripted-upstream.ts'

let data: string[] = []
let upstream: Awaited<ReturnType<typeof startUpstream>>
let proxy: Tollkeeper
beforeAll(async () => {
  upstream = await startUpstream((response) => events(...data)(response))
  proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.url } })
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

const SAID = JSON.stringify({ type: 'response.output_text.delta', delta: 'Hello' })

/** The last event of a stream that fails with this error after it began. */
async function lastOf(error: unknown) {
  const response = { id: 'resp_1', status: 'failed', error, metadata: { a: '1' } }
  data = [SAID, JSON.stringify({ type: 'response.failed', sequence_number: 7, response })]
  const { text, record } = await run(proxy, '/responses', { model: 'm', input: 'a', stream: true })
  expect(record).toMatchObject({ outcome: 'upstream_broken' })
  return { text, last: eventsOf(text).at(-1) }
}

test('the event of a response that failed tells nothing of the inside of its upstream', async () => {
  const message = 'http://10.0.0.7:8000/v1 said: worker-3.svc:9000 is out of memory'
  for (const error of [{ code: 'server_error', message, debug: message }, message]) {
    const { text, last } = await lastOf(error)
    expect(last).toEqual({
      name: 'response.failed',
      data: {
        type: 'response.failed',
        sequence_number: 7,
        response: {
          id: 'resp_1',
          status: 'failed',
          error: { code: 'server_error', message: '*** said: *** is out of memory' },
          metadata: { a: '1' },
        },
      },
    })
    expect(text).not.toMatch(/10\.0|worker/)
  }
})

test('a code of its own stays in the event of a response that failed', async () => {
  const error = { code: 'rate_limit_exceeded', message: 'Too fast.' }
  expect((await lastOf(error)).last?.data.response.error).toEqual(error)
})

test("a response that failed since our account is out of money is not the client's", async () => {
  const { text, last } = await lastOf({ code: 'insufficient_quota', message: 'Pay at billing.' })
  expect(last).toMatchObject({ name: 'error', data: { code: 'upstream_misconfigured' } })
  expect(text).not.toMatch(/quota|billing/)
})
