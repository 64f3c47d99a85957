import { afterAll, beforeAll, expect, test } from 'vitest'
import { FAULTS_TO_OPEN, OPEN_JITTER_MS, OPEN_MS } from '../../src/domain/routes/circuit.ts'
import { startSandbox } from '../../src/sandbox/index.ts'
import { freePort } from '../harness/free-port.ts'
import { scrape } from '../metrics/scrape.ts'
import { putModel, putProvider } from './setup.ts'
import { attemptsOf, type Several, startSeveral } from './several.ts'

let several: Several
/** On the clock of the circuits: it goes on when a test says so. */
let nowMs = 0
beforeAll(async () => {
  several = await startSeveral({}, { now: () => nowMs })
})
afterAll(() => several.close())

const attempts = async (model: string, more: object = {}) => {
  const { id, status } = await several.send(model, more)
  expect(status).toBe(200)
  return attemptsOf(await several.proxy.settled(id)).map(([provider]) => provider)
}

const circuitLogs = (msg: string, upstream_model: string) =>
  several.proxy.logs.filter((line) => line.msg === msg && line.upstream_model === upstream_model)

async function stateOf(provider: string, upstream_model: string) {
  const [sample] = (await scrape(several.proxy)).of('tollkeeper_circuit_state', {
    provider,
    upstream_model,
  })
  return sample?.value
}

test('a route that fails in a row is not asked any more, and that is told once', async () => {
  const model = await several.model('sandbox-error-500')
  for (let at = 0; at < FAULTS_TO_OPEN; at += 1) {
    expect(await attempts(model)).toEqual(['acme', 'beta'])
  }
  expect(await stateOf('acme', 'sandbox-error-500')).toBe(2)
  for (let at = 0; at < 3; at += 1) expect(await attempts(model)).toEqual(['beta'])
  expect(circuitLogs('a circuit is open', 'sandbox-error-500')).toMatchObject([
    { level: 40, provider: 'acme', base_url: several.acme.url, code: 'upstream_error' },
  ])
  const failovers = (await scrape(several.proxy)).sum('tollkeeper_failovers_total', {
    provider: 'acme',
    code: 'upstream_error',
  })
  expect(failovers).toBe(FAULTS_TO_OPEN)
})

test('a route that comes back is probed by one request, and in use again soon', async () => {
  const port = await freePort()
  const first = await startSandbox({ port })
  await putProvider(several.proxy, 'flaky', first)
  await putModel(several.proxy, 'comes-back', [
    { provider: 'flaky', upstream_model: 'any', priority: 0 },
    { provider: 'beta', priority: 1 },
  ])
  expect(await attempts('comes-back')).toEqual(['flaky'])
  await first.close()
  for (let at = 0; at < FAULTS_TO_OPEN; at += 1) await attempts('comes-back')
  expect(await attempts('comes-back')).toEqual(['beta'])
  const again = await startSandbox({ port })
  nowMs += OPEN_MS - 1
  expect(await attempts('comes-back')).toEqual(['beta'])
  nowMs += 1 + OPEN_JITTER_MS
  expect(await stateOf('flaky', 'any')).toBe(1)
  expect(await attempts('comes-back')).toEqual(['flaky'])
  expect(await stateOf('flaky', 'any')).toBe(0)
  expect(await attempts('comes-back')).toEqual(['flaky'])
  expect(circuitLogs('a circuit is closed', 'any')).toMatchObject([{ level: 30 }])
  await again.close()
})

test('where all circuits are open every route is tried in order all the same', async () => {
  const model = await several.model('sandbox-error-503', 'sandbox-error-503')
  for (let at = 0; at <= FAULTS_TO_OPEN; at += 1) {
    const { status, id } = await several.send(model)
    expect(status).toBe(502)
    const tried = attemptsOf(await several.proxy.settled(id)).map(([provider]) => provider)
    expect(tried).toEqual(['acme', 'beta'])
  }
})

test('a lone route is asked whatever its circuit says', async () => {
  await putModel(several.proxy, 'lone', [
    { provider: 'acme', upstream_model: 'sandbox-html-error' },
  ])
  for (let at = 0; at < FAULTS_TO_OPEN + 2; at += 1) {
    const { id } = await several.send('lone')
    expect(several.acme.calls.has(id)).toBe(true)
  }
  expect(await stateOf('acme', 'sandbox-html-error')).toBe(2)
})

test('refusals of requests do not open a circuit', async () => {
  const model = await several.model('sandbox-error-400')
  for (let at = 0; at < FAULTS_TO_OPEN + 1; at += 1) await several.send(model)
  expect(await stateOf('acme', 'sandbox-error-400')).toBe(0)
})

test('a sticky request leaves its route while that is broken', async () => {
  await putModel(several.proxy, 'sticky-broken', [
    { provider: 'acme', upstream_model: 'sandbox-error-402' },
    { provider: 'beta', upstream_model: 'fine' },
  ])
  const stuck: string[] = [] // which keys these are depends on the port of acme
  for (let at = 0; stuck.length < FAULTS_TO_OPEN; at += 1) {
    const user = `key-${at}`
    const [first] = await attempts('sticky-broken', { user })
    if (first === 'acme') stuck.push(user)
  }
  for (const user of stuck) expect(await attempts('sticky-broken', { user })).toEqual(['beta'])
})
