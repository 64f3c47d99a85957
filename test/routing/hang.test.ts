import { afterAll, beforeAll, expect, test } from 'vitest'
import { FAULTS_TO_OPEN } from '../../src/domain/routes/circuit.ts'
import { eventually } from '../harness/proxy.ts'
import { attemptsOf, type Several, startSeveral } from './several.ts'

/** Seconds in which a stream on a route that hangs is given up, and more. */
const ENOUGH_S = 30

let several: Several
/** The same with little time for each attempt. */
let impatient: Several
beforeAll(async () => {
  several = await startSeveral()
  impatient = await startSeveral({ UPSTREAM_FIRST_BYTE_TIMEOUT_MS: '2000' })
})
afterAll(async () => {
  await several.close()
  await impatient.close()
})

test(
  'a stream leaves a route that hangs while its client still waits, and ends it first',
  async () => {
    const model = await several.model('sandbox-hang')
    const { status, id, text } = await several.send(model, { stream: true })
    expect(status, text).toBe(200)
    expect(text).toMatch(/data: \[DONE\]\n\n$/)
    const record = await several.proxy.settled(id)
    expect(attemptsOf(record)).toEqual([
      ['acme', null, 'upstream_timeout'],
      ['beta', 200, null],
    ])
    const [hung, served] = [several.acme.calls.get(id), several.beta.calls.get(id)]
    await eventually(() => hung?.closedByPeer || undefined)
    expect(served?.finished).toBe(true)
  },
  ENOUGH_S * 1_000,
)

test('an answer in one piece goes on to the next route when the time of the first is over', async () => {
  const model = await impatient.model('sandbox-hang')
  const { status, id } = await impatient.send(model)
  expect(status).toBe(200)
  expect(attemptsOf(await impatient.proxy.settled(id))).toEqual([
    ['acme', null, 'upstream_timeout'],
    ['beta', 200, null],
  ])
})

test('no route is tried any more when the client says that it waits no longer', async () => {
  const model = await several.model('sandbox-hang')
  const headers = {
    authorization: `Bearer ${several.customer.key}`,
    'content-type': 'application/json',
    'x-stainless-timeout': '1',
  }
  const { status, id } = await several.send(model, {}, { headers })
  expect(status).toBe(504)
  const record = await several.proxy.settled(id)
  expect(attemptsOf(record)).toEqual([['acme', null, 'upstream_timeout']])
  expect(record).toMatchObject({ outcome: 'timed_out', charged: '0' })
})

test('a lone route that hangs has all the time there is', async () => {
  const { proxy, customer } = impatient
  const model = 'sandbox-hang' // nobody has routed it
  const response = await proxy.chat(customer.key, { model, stream: true, messages: [] })
  expect(response.status).toBe(504)
  const record = await proxy.settled(response.headers.get('x-request-id') as string)
  expect(record.error.causes.join()).toMatch(/UND_ERR_HEADERS_TIMEOUT/)
})

test(
  'an answer in one piece leaves a route that streams have found to hang',
  async () => {
    const { acme, proxy } = several
    const model = await several.model('hangs-for-all')
    acme.hold()
    const streams = Array.from({ length: FAULTS_TO_OPEN }, () =>
      several.send(model, { stream: true }),
    )
    const whole = await several.send(model)
    acme.release()
    expect(whole.status).toBe(200)
    expect(attemptsOf(await proxy.settled(whole.id))).toEqual([
      ['acme', null, 'upstream_timeout'],
      ['beta', 200, null],
    ])
    for (const { status } of await Promise.all(streams)) expect(status).toBe(200)
  },
  ENOUGH_S * 1_000,
)
