import { mkdir, readdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ENDPOINTS } from '../../src/endpoints/index.ts'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { run, send } from './run.ts'
import { KINDS, SAMPLES } from './samples.ts'

let proxy: Tollkeeper
/** Another instance, whose disk is full. */
let sick: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
  await proxy.admin('PUT', '/tiers/narrow', { models: ['other-*'] })
  await proxy.admin('PUT', '/tiers/slow', { requests_per_minute: 1 })
  await proxy.admin('PUT', '/tiers/single', { concurrency: 1 })
  await eventually(() => proxy.app.database.catalogue().tiers.has('single') || undefined)
  sick = await startProxy({ databaseUrl: proxy.databaseUrl, sandbox: proxy.sandbox })
  await fillDisk(sick)
})
afterAll(async () => {
  await sick.close()
  await proxy.close()
})

/** The next file of the journal is on a full disk, and the first request finds it so. */
async function fillDisk({ app, ...rest }: Tollkeeper): Promise<void> {
  const { folder, name } = app.journal
  await mkdir(folder, { recursive: true })
  for (const file of await readdir(folder)) await rm(join(folder, file))
  await symlink('/dev/full', join(folder, `${name}.2.journal`))
  await run({ app, ...rest }, '/chat/completions', { model: 'any', messages: [] })
  expect(app.journal.healthy).toBe(false)
}

/** Keys whose requests must be refused, and with which status. */
const STATES = {
  'no credit': async () => [402, (await proxy.customer('0.000001')).key],
  'a limit of requests a minute that is reached': async () => {
    const { key } = await proxy.customer('1000', { tier: 'slow' })
    await send(proxy, key, '/embeddings', { model: 'any', input: 'Hi' })
    return [429, key]
  },
  'a limit of concurrency that is reached': async () => {
    const { key } = await proxy.customer('1000', { tier: 'single' })
    const body = { model: 'sandbox-hang', messages: [] }
    await eventually(() => proxy.sandbox.open() === 0) // the one before has been left
    const client = new AbortController()
    open.push(client)
    void send(proxy, key, '/chat/completions', body, { signal: client.signal }).catch(() => {})
    await eventually(() => proxy.sandbox.open() > 0)
    return [429, key]
  },
  'a suspended account': async () => {
    const { key, accountId } = await proxy.customer('1000')
    await proxy.admin('PATCH', `/accounts/${accountId}`, { status: 'suspended' })
    return [403, key]
  },
  'a tier without the model': async () => [
    403,
    (await proxy.customer('1000', { tier: 'narrow' })).key,
  ],
  'a key without the model': async () => {
    const { accountId } = await proxy.customer('1000')
    const { body } = await proxy.admin('POST', `/accounts/${accountId}/keys`, { models: ['other'] })
    return [403, body.key]
  },
  'a revoked key': async () => {
    const { key, keyId } = await proxy.customer('1000')
    await proxy.admin('DELETE', `/keys/${keyId}`)
    return [401, key]
  },
  'no key': async () => [401, 'tk_nobody'],
  'a sick journal': async () => [503, (await proxy.customer('1000')).key],
} satisfies Record<string, () => Promise<unknown[]>>

const open: AbortController[] = []
const anyKind = fc.constantFrom(...KINDS)

test('there is a sample of every metered endpoint', () => {
  const paths = ENDPOINTS.map(({ path }) => path)
  expect(SAMPLES.map(({ path }) => path).sort()).toEqual(paths.sort())
})

test.each(Object.keys(STATES) as (keyof typeof STATES)[])(
  'no endpoint, stream or not, is a way round %s',
  async (state) => {
    for (const [title, sample, stream] of KINDS) {
      const isFree = ENDPOINTS.find(({ path }) => path === sample.path)?.isFree
      if (isFree && state === 'no credit') continue
      const [status, key] = (await STATES[state]()) as [number, string]
      const by = state === 'a sick journal' ? sick : proxy
      const response = await send(by, key, sample.path, sample.ask('sandbox-echo', stream))
      const about = `${title}: ${await response.text()}`
      expect(response.status, about).toBe(status)
      const id = response.headers.get('x-request-id') as string
      expect(proxy.sandbox.calls.has(id), about).toBe(false)
      for (const client of open.splice(0)) client.abort()
    }
  },
)

/** What an upstream may do with an admitted request. */
const anyCard = fc.constantFrom(
  'sandbox-echo',
  'sandbox-no-usage',
  'sandbox-error-500',
  'sandbox-error-429',
  'sandbox-error-in-200',
  'sandbox-error-midstream',
  'sandbox-cut-midstream',
  'sandbox-end-without-finish',
  'sandbox-html-200',
  'sandbox-garbage',
  'sandbox-json-for-stream',
)

test('every admitted request is settled exactly once, whatever its upstream does', async () => {
  await fc.assert(
    fc.asyncProperty(anyKind, anyCard, async ([title, sample, stream], card) => {
      const { requestId, record, account, truth } = await run(
        proxy,
        sample.path,
        sample.ask(card, stream),
      )
      const about = `${title} of ${card}`
      expect(truth?.path, about).toBe(`/v1${sample.path}`)
      const charges = await proxy.sql<{ amount: string }[]>`
        select amount from ledger where request_id = ${requestId}`
      const settled = await proxy.sql`select id from requests where id = ${requestId}`
      const held = await proxy.sql`select id from holds where id = ${requestId}`
      expect(settled, about).toHaveLength(1)
      expect(held, about).toHaveLength(0)
      expect(charges, about).toHaveLength(record.charged === '0' ? 0 : 1)
      expect(Number(account.posted), about).toBeCloseTo(1000 - Number(record.charged), 6)
      expect(account.held, about).toBe('0')
      if (record.outcome === 'completed') expect(record.usage_source, about).not.toBe(null)
    }),
    { numRuns: 100 },
  )
})
