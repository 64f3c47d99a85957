import { expect, test } from 'vitest'
import { parseCredits } from '../../src/domain/credits.ts'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { scrape } from '../metrics/scrape.ts'
import { Random } from '../simulator/random.ts'
import { History, type Key } from './history.ts'
import { setSlice } from './setup.ts'

const SEEDS = process.env.TEST_SEED ? [Number(process.env.TEST_SEED)] : [1, 2, 3]

/** Credits of the accounts: two that can pay, and two that run dry. */
const CREDITS = ['1000', '1000', '1', '4']

const ROUNDS = 4

/** An instance counts a charge when Postgres has told it, which others may hear before. */
const COUNTED = { timeout: 10_000 }

type Receipt = Sums & { day: string; model: string; outcome: string }
type Sums = Record<'charged' | 'adjusted' | 'uncollected', bigint>

const micro = (text: string) => parseCredits(text) as bigint
const sum = (amounts: Iterable<bigint>) => [...amounts].reduce((all, one) => all + one, 0n)

async function openKeys(proxy: Tollkeeper): Promise<Key[]> {
  const keys = await Promise.all(
    CREDITS.map(async (credits) => {
      const first = await proxy.customer(credits)
      const { body } = await proxy.admin('POST', `/accounts/${first.accountId}/keys`, {})
      return [first, { accountId: first.accountId, keyId: body.id, key: body.key }]
    }),
  )
  return keys.flat()
}

/** Everything that happens to customers and their credits, in an order of chance. */
async function live(history: History, random: Random): Promise<void> {
  await history.repriced('10')
  for (let round = 0; round < ROUNDS; round += 1) {
    await history.crowd(8)
    await history.late()
    await history.crashed()
    await history.moved()
    await history.crowd(6)
    await history.moved()
    if (random.chance(70)) await history.repriced(random.pick(['2.5', '7', '13', '31']))
  }
}

/** What its customer and its operator are told of a request once it has ended. */
async function receiptOf({ origin, admin }: Tollkeeper, id: string, key: Key): Promise<Receipt> {
  const headers = { authorization: `Bearer ${key.key}` }
  const receipt = await eventually(async () => {
    const response = await fetch(`${origin}/v1/generation?id=${id}`, { headers })
    const { data }: any = await response.json()
    return data && data.state !== 'running' ? data : undefined
  })
  const { body } = await admin('GET', `/requests/${id}`)
  expect([body.charged, body.outcome]).toEqual([receipt.charged, receipt.outcome])
  return {
    charged: micro(receipt.charged),
    adjusted: micro(receipt.adjusted),
    uncollected: micro(body.uncollected),
    day: receipt.created_at.slice(0, 10),
    model: receipt.model ?? '',
    outcome: receipt.outcome,
  }
}

/** The sums of receipts by group. */
function grouped(receipts: Map<string, Receipt>, groupOf: (id: string, one: Receipt) => string) {
  const groups = Map.groupBy(receipts, ([id, one]) => groupOf(id, one))
  return [...groups].map(([group, members]): [string, Sums] => {
    const of = (name: keyof Sums) => sum(members.map(([, one]) => one[name]))
    return [
      group,
      { charged: of('charged'), adjusted: of('adjusted'), uncollected: of('uncollected') },
    ]
  })
}

/** Groups in which credits moved: whoever reads a receipt is in those of the operator as well. */
function moved(groups: [string, Sums][]): Map<string, Sums> {
  return new Map(groups.filter(([, sums]) => Object.values(sums).some((amount) => amount !== 0n)))
}

async function usageBy({ admin }: Tollkeeper, by: string) {
  const { body } = await admin('GET', `/usage?group_by=${by}&since=2020-01-01T00:00:00Z`)
  return body.data.map((row: Record<string, string>): [string, Sums] => [
    row.group as string,
    {
      charged: micro(row.charged as string),
      adjusted: micro(row.adjusted as string),
      uncollected: micro(row.uncollected as string),
    },
  ])
}

/** The amounts in the ledger of an account, by kind, as the admin API tells them. */
async function entriesOf({ admin }: Tollkeeper, accountId: string) {
  const amounts: Record<string, bigint> = {}
  let path: string | null = `/accounts/${accountId}/ledger?limit=50`
  while (path !== null) {
    const { body }: { body: any } = await admin('GET', path)
    for (const { kind, amount } of body.data) amounts[kind] = (amounts[kind] ?? 0n) + micro(amount)
    path = body.next && `/accounts/${accountId}/ledger?limit=50&cursor=${body.next}`
  }
  return amounts
}

/** Balance, ledger, what the customer sees, and receipts of an account agree. */
async function expectBalance(proxy: Tollkeeper, key: Key, receipts: Receipt[]): Promise<void> {
  const { body: account } = await proxy.admin('GET', `/accounts/${key.accountId}`)
  const amounts = await entriesOf(proxy, key.accountId)
  const posted = micro(account.posted)
  expect(sum(Object.values(amounts))).toBe(posted)
  expect(account).toMatchObject({ held: '0', available: account.posted })
  const charged = sum(receipts.map((one) => one.charged))
  expect((amounts.charge ?? 0n) + (amounts.late_charge ?? 0n)).toBe(-charged)
  const adjustments = await proxy.sql`select sum(credits) as all,
      coalesce(sum(credits) filter (where request_id is not null), 0) as named
    from adjustments where account_id = ${key.accountId.slice(4)}`
  expect(BigInt(adjustments[0]?.all ?? 0)).toBe(amounts.adjustment ?? 0n)
  const adjusted = sum(receipts.map((one) => one.adjusted))
  const corrected = amounts.price_correction ?? 0n
  expect(corrected + BigInt(adjustments[0]?.named ?? 0)).toBe(adjusted)
  const headers = { authorization: `Bearer ${key.key}` }
  const { data }: any = await (await fetch(`${proxy.url}/credits`, { headers })).json()
  expect({ ...data, total_credits: micro(data.total_credits) }).toMatchObject({
    total_credits: (amounts.grant ?? 0n) + (amounts.adjustment ?? 0n),
    held: '0',
    available: account.posted,
  })
  expect(micro(data.total_usage)).toBe(charged - corrected)
}

test.for(SEEDS)(
  'after any history all books agree to the micro-credit (seed %i)',
  {
    timeout: 120_000,
  },
  async (seed, { annotate }) => {
    const one = await startProxy()
    const two = await startProxy({ databaseUrl: one.databaseUrl, sandbox: one.sandbox })
    await setSlice(one, 64)
    const keys = await openKeys(one)
    const random = new Random(seed)
    const history = new History([one, two], keys, random)
    await live(history, random)

    const receipts = new Map<string, Receipt>()
    for (const [id, key] of history.requests) receipts.set(id, await receiptOf(one, id, key))
    const keyOf = (id: string) => history.requests.get(id) as Key
    for (const key of keys) {
      const own = [...receipts].filter(([id]) => keyOf(id).accountId === key.accountId)
      await expectBalance(
        two,
        key,
        own.map(([, receipt]) => receipt),
      )
    }
    const groups = {
      day: grouped(receipts, (_, { day }) => day),
      model: grouped(receipts, (_, { model }) => model),
      account: grouped(receipts, (id) => keyOf(id).accountId),
      key: grouped(receipts, (id) => keyOf(id).keyId),
    }
    for (const [by, sums] of Object.entries(groups)) {
      expect(moved(await usageBy(one, by)), by).toEqual(moved(sums))
    }
    const counted = async (name: string) => {
      const scrapes = await Promise.all([one, two].map(scrape))
      return scrapes.reduce((all, metrics) => all + metrics.sum(`tollkeeper_${name}_total`), 0)
    }
    const all = [...receipts.values()]
    await annotate(
      JSON.stringify(
        Object.entries(Object.groupBy(all, ({ outcome }) => outcome)).map(([k, v]) => [
          k,
          v?.length,
        ]),
      ),
    )
    const uncollected = Number(sum(all.map((one) => one.uncollected)))
    await expect.poll(() => counted('uncollected_microcredits'), COUNTED).toBe(uncollected)
    const [{ back }] = (await one.sql`select coalesce(sum(amount), 0) as back from ledger
    where kind = 'late_charge' and amount > 0`) as any // a counter takes nothing back
    const charged = Number(sum(all.map((one) => one.charged)) + BigInt(back))
    await expect.poll(() => counted('charged_microcredits'), COUNTED).toBe(charged)
    expect(uncollected).toBeGreaterThan(0)
    const { body } = await one.admin('GET', '/audit')
    expect(body).toMatchObject({ ok: true, violations: [] })
    await two.close()
    await one.close()
  },
)
