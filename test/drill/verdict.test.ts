import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client, type Seen } from '../../drill/client.ts'
import type { Instance } from '../../drill/instance.ts'
import { smallOrder } from '../../drill/orders.ts'
import type { Call } from '../../drill/sandbox.ts'
import { judge } from '../../drill/verdict.ts'
import { eventually, type Proxy, startProxy } from '../harness/proxy.ts'

const TOKENS = 30

let proxy: Proxy
let seen: Seen
let calls: Call[]

/** One request as the drill sends it, and what everybody knows of it then. */
beforeAll(async () => {
  proxy = await startProxy()
  const { accountId, key } = await proxy.customer('1000')
  const at = { name: 'the instance', origin: proxy.origin, killed: [], stopped: [], frozen: [] }
  const account = { id: accountId, key, credits: '1000', isPoor: false }
  const client = new Client()
  seen = await client.send(at as unknown as Instance, account, smallOrder(TOKENS)).over
  await client.close()
  await eventually(async () => (await proxy.sql`select from holds`).length === 0)
  calls = [...proxy.sandbox.calls].map(([id, call]) => ({ ...call, id }))
})
afterAll(() => proxy.close())

/** The findings on the request as it was, but for what is given here. */
async function findings(evidence: { seen?: Seen[]; calls?: Call[]; excused?: boolean } = {}) {
  const verdict = await judge({
    seen: evidence.seen ?? [seen],
    calls: evidence.calls ?? calls,
    sql: proxy.sql,
    isExcused: () => evidence.excused ?? true,
  })
  return verdict.findings.map(({ kind }) => kind)
}

const usage = (completionTokens: number) => ({ promptTokens: 9, completionTokens })

test('a request that was charged what it cost is no finding', async () => {
  expect(seen).toMatchObject({ ending: 'complete', characters: 4 * TOKENS, usage: usage(TOKENS) })
  expect(await findings()).toEqual([])
})

test('a complete answer that was charged less than was reported is lost', async () => {
  expect(await findings({ seen: [{ ...seen, usage: usage(TOKENS + 1) }] })).toEqual(['lost'])
})

test('one that was charged more is a deviation', async () => {
  expect(await findings({ seen: [{ ...seen, usage: usage(TOKENS - 1) }] })).toEqual(['deviation'])
})

test('a served request without a record is lost, and a charge nobody asked for is found', async () => {
  const elsewhere = { ...seen, id: '01a20000-0000-7000-8000-000000000000' }
  expect(await findings({ seen: [elsewhere] })).toEqual(['lost', 'lost', 'other'])
})

test('a refused request must not be charged', async () => {
  const refused: Seen = { ...seen, ending: 'refused', status: 503, usage: null, characters: 0 }
  expect(await findings({ seen: [refused] })).toEqual(['deviation'])
})

test('an answer that lacks some of what the upstream wrote is found', async () => {
  const short = { ...seen, characters: seen.characters - 4 }
  expect(await findings({ seen: [short] })).toEqual(['other'])
})

test('a request that went upstream twice is a double', async () => {
  const [call] = calls as [Call]
  const again = { ...call, id: `${call.requestId}#2`, user: null }
  expect(await findings({ calls: [call, again] })).toEqual(['double'])
})

test('a request that ended in a way that nobody can explain is found', async () => {
  expect(await findings({ excused: false })).toEqual(['other'])
})
