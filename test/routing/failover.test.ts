import { createServer } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../harness/free-port.ts'
import { putModel, putProvider } from './setup.ts'
import { attemptsOf, type Several, startSeveral } from './several.ts'

const KINDS = [true, false]

let several: Several
beforeAll(async () => {
  several = await startSeveral()
})
afterAll(() => several.close())

/** Sends a request that the first route fails; the second one answers. @returns its record */
async function servedByBeta(model: string, stream: boolean) {
  const { status, id, text } = await several.send(model, { stream })
  expect(status, text).toBe(200)
  if (stream) expect(text).toMatch(/data: \[DONE\]\n\n$/)
  expect(text).toContain(`"model":"${model}"`)
  const record = await several.proxy.settled(id)
  expect(record).toMatchObject({ outcome: 'completed', status: 200, provider: 'beta', error: null })
  expect(record).toMatchObject({ base_url: several.beta.url, model })
  expect(several.beta.calls.get(id)?.finished).toBe(true)
  return record
}

const FAULTS = [
  ['sandbox-error-500', 500, 'upstream_error'],
  ['sandbox-error-503', 503, 'upstream_error'],
  ['sandbox-html-error', 502, 'upstream_error'],
  ['sandbox-error-429', 429, 'rate_limit_exceeded'],
  ['sandbox-error-401', 401, 'upstream_misconfigured'],
  ['sandbox-error-402', 402, 'upstream_misconfigured'],
  ['sandbox-error-403', 403, 'upstream_misconfigured'],
  ['sandbox-error-in-200', 200, 'upstream_error'],
] as const

test.for(FAULTS.flatMap((fault) => KINDS.map((stream) => [...fault, stream] as const)))(
  'a route that fails as %s (%i, %s) is left for the next one (stream: %s)',
  async ([card, status, code, stream]) => {
    const record = await servedByBeta(await several.model(card), stream)
    expect(attemptsOf(record)).toEqual([
      ['acme', status, code],
      ['beta', 200, null],
    ])
    expect(record.attempts[0].upstream_model).toBe(card)
    expect(record.upstream_model).toBe(record.attempts[1].upstream_model)
    expect((await several.proxy.logOf(record.id)).attempts).toBe(2)
  },
)

test.for(['sandbox-empty-200', 'sandbox-html-200', 'sandbox-garbage', 'sandbox-error-first'])(
  'a stream that ends before anything was told is begun anew by the next route: %s',
  async (card) => {
    const [first, second] = attemptsOf(await servedByBeta(await several.model(card), true))
    expect(first?.slice(0, 2)).toEqual(['acme', 200])
    expect(first?.[2]).toMatch(/^upstream_/)
    expect(second).toEqual(['beta', 200, null])
  },
)

test.for(KINDS)('where nobody listens the next route serves (stream: %s)', async (stream) => {
  const url = `http://127.0.0.1:${await freePort()}/v1`
  await putProvider(several.proxy, 'nobody', { url })
  await putModel(several.proxy, 'refused', [
    { provider: 'nobody', priority: 0 },
    { provider: 'beta', priority: 1 },
  ])
  const record = await servedByBeta('refused', stream)
  expect(attemptsOf(record)).toEqual([
    ['nobody', null, 'upstream_error'],
    ['beta', 200, null],
  ])
})

test.for(KINDS)('a connection cut before the head: the next one serves (%s)', async (stream) => {
  const cutter = createServer((socket) => {
    socket.on('error', () => {}).once('data', () => socket.resetAndDestroy())
  })
  await new Promise<void>((resolve) => cutter.listen(0, '127.0.0.1', resolve))
  const { port } = cutter.address() as { port: number }
  await putProvider(several.proxy, 'cutter', { url: `http://127.0.0.1:${port}/v1` })
  await putModel(several.proxy, 'cut', [
    { provider: 'cutter', priority: 0 },
    { provider: 'beta', priority: 1 },
  ])
  const record = await servedByBeta('cut', stream)
  expect(attemptsOf(record)).toEqual([
    ['cutter', null, 'upstream_error'],
    ['beta', 200, null],
  ])
  cutter.close()
})

test.for(['sandbox-error-400', 'sandbox-error-404', 'sandbox-error-422'])(
  'a refusal of the request itself is no reason to try another route: %s',
  async (card) => {
    const { status, id } = await several.send(await several.model(card))
    expect(status).toBeGreaterThanOrEqual(400)
    const record = await several.proxy.settled(id)
    expect(attemptsOf(record)).toMatchObject([['acme', expect.any(Number), 'upstream_rejected']])
    expect(several.beta.calls.has(id)).toBe(false)
  },
)

test.for(['sandbox-cut-midstream', 'sandbox-error-midstream', 'sandbox-garbage-midstream'])(
  'after the first byte a stream stays with its route: %s',
  async (card) => {
    const { status, id, text } = await several.send(await several.model(card), { stream: true })
    expect(status).toBe(200)
    expect(text).not.toContain('[DONE]')
    const record = await several.proxy.settled(id)
    expect(record.outcome).toBe('upstream_broken')
    expect(record.attempts).toHaveLength(1)
    expect(several.beta.calls.has(id)).toBe(false)
  },
)

test('where every route fails the last failure is the answer, and nothing is charged', async () => {
  const model = await several.model('sandbox-error-500', 'sandbox-error-429')
  const { status, id } = await several.send(model)
  expect(status).toBe(429)
  const record = await several.proxy.settled(id)
  expect(attemptsOf(record)).toEqual([
    ['acme', 500, 'upstream_error'],
    ['beta', 429, 'rate_limit_exceeded'],
  ])
  expect(record).toMatchObject({ charged: '0', provider: 'beta', outcome: 'upstream_error' })
})

test('no more than three routes are tried', async () => {
  const routes = ['acme', 'beta'].flatMap((provider) =>
    ['sandbox-error-500', 'sandbox-error-503'].map((upstream_model) => ({
      provider,
      upstream_model,
    })),
  )
  await putModel(several.proxy, 'many', routes)
  const { id } = await several.send('many')
  expect((await several.proxy.settled(id)).attempts).toHaveLength(3)
})
