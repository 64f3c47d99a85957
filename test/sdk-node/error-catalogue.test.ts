import Fastify, { type FastifyInstance } from 'fastify'
import OpenAI from 'openai'
import OpenAI4 from 'openai-4'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import errors from '../../plugins/errors.ts'
import { CATALOGUE, type ErrorCode, ProxyError } from '../../src/errors.ts'

const CODES = Object.keys(CATALOGUE) as ErrorCode[]

/** The class an SDK raises for a status; anything else is its APIError. */
const CLASS_OF_STATUS: Record<number, string> = {
  400: 'BadRequestError',
  401: 'AuthenticationError',
  403: 'PermissionDeniedError',
  404: 'NotFoundError',
  409: 'ConflictError',
  429: 'RateLimitError',
}

/** Statuses that the SDKs send again when nothing tells them not to. */
const RETRIED = [408, 409, 429, 500, 502, 503, 504]

let app: FastifyInstance
let origin: string
const requests = new Map<string, number>()

beforeAll(async () => {
  app = Fastify()
  await app.register(errors)
  app.post<{ Params: { name: string } }>('/:name/chat/completions', async ({ params }) => {
    requests.set(params.name, (requests.get(params.name) ?? 0) + 1)
    const code = params.name.split('-').at(-1) as ErrorCode
    throw new ProxyError(code, { retryAfterS: 'retryAfterS' in CATALOGUE[code] ? 1 : undefined })
  })
  origin = await app.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(() => app.close())

describe.each([
  ['openai', OpenAI],
  ['openai 4', OpenAI4 as unknown as typeof OpenAI],
])('%s', (version, SDK) => {
  test.concurrent.each(CODES)('raises its own class for %s, and retries as told', async (code) => {
    const name = `${version.replace(' ', '')}-${code}`
    const entry = CATALOGUE[code]
    const client = new SDK({ baseURL: `${origin}/${name}`, apiKey: 'x', maxRetries: 1 })
    const messages = [{ role: 'user' as const, content: 'hi' }]
    const error = await client.chat.completions.create({ model: 'm', messages }).then(
      () => null,
      (thrown) => thrown,
    )

    const className =
      CLASS_OF_STATUS[entry.status] ?? (entry.status >= 500 ? 'InternalServerError' : 'APIError')
    expect(error).toBeInstanceOf(SDK[className as 'APIError'])
    expect(error).toMatchObject({
      status: entry.status,
      type: entry.type,
      code: code === 'missing_api_key' ? null : code,
      message: expect.stringContaining(entry.message),
    })
    const retries = !('retry' in entry) && RETRIED.includes(entry.status)
    expect(requests.get(name)).toBe(retries ? 2 : 1)
  })
})
