import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { crashSettlement } from '../../src/leases/crash-settlement.ts'
import type { OpenHold } from '../../src/store/instances.ts'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'

let one: Tollkeeper
let two: Tollkeeper
beforeAll(async () => {
  one = await startProxy()
  two = await startProxy({ databaseUrl: one.databaseUrl, sandbox: one.sandbox })
})
afterEach(() => one.sandbox.release())
afterAll(async () => {
  await two.close()
  await one.close()
})

const ANSWER = {
  model: 'sandbox-echo',
  stream: true,
  max_tokens: 10,
  messages: [{ role: 'user', content: 'Hello there' }],
}
/** Credits of its 3 tokens of prompt and 3 of answer. */
const COST = '0.06'

/** A request that runs on one instance while another takes it for dead, at such a checkpoint. */
async function takenForDead(checkpoint: bigint) {
  const customer = await one.customer('10')
  one.sandbox.hold()
  const answer = one.chat(customer.key, ANSWER)
  await eventually(() => one.sandbox.waiting() === 1 || undefined)
  const [row] = await one.sql`select * from holds where account_id = ${customer.accountId.slice(4)}`
  const hold: OpenHold = {
    ...{ id: row?.id, accountId: row?.account_id, keyId: row?.key_id, terms: row?.terms },
    ...{ instanceId: row?.instance_id, amount: BigInt(row?.amount), metered: checkpoint },
    ...{ tokens: null, accountTpm: null, keyTpm: null, createdAt: row?.created_at },
  }
  const crash = () => two.app.database.settlements.add(crashSettlement(hold, new Date()))
  expect(await crash()).toMatchObject({ charged: checkpoint, uncollected: 0n, correction: null })
  return { id: hold.id, customer, crash, answer }
}

const entriesOf = async (accountId: string) =>
  (await one.admin('GET', `/accounts/${accountId}/ledger`)).body.data
    .filter(({ kind }: { kind: string }) => kind !== 'grant')
    .map((entry: Record<string, string>) => [entry.kind, entry.amount, entry.request_id])

test.for([
  ['nothing', 0n, [['late_charge', '-0.06']]],
  [
    'too little',
    20_000n,
    [
      ['late_charge', '-0.04'],
      ['charge', '-0.02'],
    ],
  ],
  [
    'too much',
    90_000n,
    [
      ['late_charge', '0.03'],
      ['charge', '-0.09'],
    ],
  ],
  ['exactly that', 60_000n, [['charge', '-0.06']]],
] as const)(
  'a request that was charged %s as crashed is charged what it cost in the end',
  async ([, checkpoint, entries]) => {
    const { id, customer, answer, crash } = await takenForDead(checkpoint)
    expect(await one.settled(id)).toMatchObject({ outcome: 'crashed' })
    one.sandbox.release()
    expect(await (await answer).text()).toMatch(/data: \[DONE\]\n\n$/)
    expect(await one.logOf(id)).toMatchObject({ outcome: 'completed', charged: COST })
    const record = await one.settled(id)
    expect(record).toMatchObject({ outcome: 'completed', charged: COST, completion_tokens: 3 })
    const told = entries.map(([kind, amount]) => [kind, amount, id])
    expect(await entriesOf(customer.accountId)).toEqual(told)

    expect(await crash()).toBe(null) // the sweeper comes too late, and changes nothing
    expect(await one.settled(id)).toEqual(record)
    const { body } = await one.admin('GET', `/accounts/${customer.accountId}`)
    expect(body).toMatchObject({ posted: '9.94', held: '0' })
    expect((await one.admin('GET', '/audit')).body).toMatchObject({ ok: true, violations: [] })
  },
)

test('a late result takes no more than its account has left', async () => {
  const { id, customer, answer } = await takenForDead(10_000n)
  const path = `/accounts/${customer.accountId}/adjustments`
  const adjustment = { credits: '-9.96', reference: 'nearly all', reason: 'a test' }
  expect((await one.admin('POST', path, adjustment)).status).toBe(201)
  one.sandbox.release()
  await (await answer).text()
  expect(await one.logOf(id)).toMatchObject({ charged: '0.04', uncollected: '0.02' })
  expect(await one.settled(id)).toMatchObject({ charged: '0.04', uncollected: '0.02' })
  const { body } = await one.admin('GET', `/accounts/${customer.accountId}`)
  expect(body).toMatchObject({ posted: '0', held: '0' })
})
