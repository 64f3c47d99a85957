import OpenAI, { APIError, InternalServerError, RateLimitError } from 'openai'
import { afterEach, describe, expect, test } from 'vitest'
import { expectErrorBody } from '../harness/error-answer.ts'
import { freePort } from '../harness/free-port.ts'
import { eventually } from '../harness/proxy.ts'
import { type Edits, hasNginx, type Nginx, startNginx } from './nginx.ts'
import { ask, type Pair, startPair } from './pair.ts'

const LIMITED: Edits = {
  '# limit_conn_zone': 'limit_conn_zone',
  '# limit_conn clients 1000;': 'limit_conn clients 1;',
}

/** What the real SDK throws; it must not try again, as the test counts. */
async function thrown(origin: string, key = 'tk', model = 'sandbox-echo'): Promise<APIError> {
  const client = new OpenAI({ baseURL: `${origin}/v1`, apiKey: key, maxRetries: 0 })
  const { messages } = ask(model, false)
  const error = await client.chat.completions
    .create({ model, messages: messages as OpenAI.ChatCompletionUserMessageParam[] })
    .catch((error) => error)
  expect(error).toBeInstanceOf(APIError)
  return error
}

async function expectOwn(nginx: Nginx, error: APIError, status: number, code: string) {
  expect(error).toMatchObject({ status, code })
  expect(error.type).toMatch(/\w/)
  // nginx writes its line after the answer.
  const line = await eventually(async () =>
    (await nginx.unanswered()).find(({ request_id }) => request_id === error.requestID),
  )
  expect(line).toMatchObject({ status })
}

describe.runIf(hasNginx())('what nginx answers itself', () => {
  let nginx: Nginx
  let pair: Pair | null = null
  afterEach(async () => {
    if (pair) await pair.close()
    else await nginx.stop()
    pair = null
  })

  const start = async (edits: Edits = {}) => {
    pair = await startPair(edits)
    nginx = pair.nginx
    return { pair, key: (await pair.instances[0].customer('1000')).key }
  }

  test('has the shape of OpenAI with both instances down, and the SDK raises its own class', async () => {
    nginx = await startNginx([await freePort(), await freePort()])
    const error = await thrown(nginx.origin)
    expect(error).toBeInstanceOf(InternalServerError)
    await expectOwn(nginx, error, 502, 'bad_gateway')
    expect(error.message).toMatch(/could not be reached/)
    for (let again = 0; again < 3; again += 1) {
      expect((await thrown(nginx.origin)).code).toBe('bad_gateway') // also while they are left out
    }
  })

  test('has the shape of OpenAI for a body above client_max_body_size', async () => {
    nginx = await startNginx([await freePort(), await freePort()])
    const response = await fetch(`${nginx.origin}/v1/chat/completions`, {
      method: 'POST',
      body: Buffer.alloc(64 * 1024 * 1024 + 1),
    })
    expect(response.status).toBe(413)
    expect(response.headers.get('content-type')).toBe('application/json')
    expectErrorBody(await response.text(), { code: 'request_too_large', param: null })
  })

  test('is a 504 for an instance that is silent too long, and the call is not repeated', async () => {
    const { pair, key } = await start({ 'proxy_read_timeout 3600s': 'proxy_read_timeout 1s' })
    // On a machine that stalls the second may be over before the upstream has been called.
    while (pair.sandbox.calls.size === 0) {
      const error = await thrown(nginx.origin, key, 'sandbox-hang')
      expect(error).toBeInstanceOf(InternalServerError)
      await expectOwn(nginx, error, 504, 'gateway_timeout')
      await eventually(() => pair.sandbox.open() === 0 || undefined)
    }
    expect(pair.sandbox.calls.size).toBe(1)
  })

  test.each([
    [429, 'rate_limit_exceeded', RateLimitError],
    [503, 'overloaded', InternalServerError],
  ])('is a %d of code %s beyond a limit of its own', async (status, code, SdkError) => {
    const { pair, key } = await start({
      ...LIMITED,
      'limit_conn_status 429': `limit_conn_status ${status}`,
    })
    const hangs = thrown(nginx.origin, key, 'sandbox-hang')
    await eventually(() => pair.sandbox.open() === 1 || undefined)
    const error = await thrown(nginx.origin, key)
    expect(error).toBeInstanceOf(SdkError)
    await expectOwn(nginx, error, status, code)
    await Promise.all(pair.instances.map(({ app }) => app.drain(1))) // ends what hangs
    await hangs
  })

  test.each(['/admin/accounts', '//admin/accounts', '/%61dmin/accounts', '/metrics', '/docs/json'])(
    'is a 404 for %s: the operator asks an instance',
    async (path) => {
      nginx = await startNginx([await freePort(), await freePort()])
      const response = await fetch(`${nginx.origin}${path}`)
      expect(response.status).toBe(404)
      expectErrorBody(await response.text(), { code: 'unknown_url', param: null })
    },
  )

  test('is JSON for headers that are too large', async () => {
    nginx = await startNginx([await freePort(), await freePort()])
    const headers = { 'x-long': 'x'.repeat(40_000) }
    const response = await fetch(`${nginx.origin}/v1/models`, { headers })
    expect(response.status).toBe(431)
    expectErrorBody(await response.text(), { code: 'request_header_fields_too_large' })
  })
})
