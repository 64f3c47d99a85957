import { expect, test } from 'vitest'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import { scrape } from '../metrics/scrape.ts'

const REQUESTS = Number(process.env.TEST_REQUESTS ?? 600)
const AT_ONCE = 60
const CUSTOMERS = 8

/** The audit never rests: each batch is due when the one before is over, and reads small pieces. */
const RESTLESS = { turnMs: 1, lookAfterMs: 0, sweepMs: 0, passMs: 0, accountsMax: 3, entriesMax: 4 }

const messages = [{ role: 'user', content: 'Hello there' }]

/** What customers do: short and long streams, plain requests, failures, hang-ups. */
const KINDS: { body: object; leavesAfterMs?: number }[] = [
  { body: { model: 'sandbox-echo', stream: true } },
  { body: { model: 'sandbox-echo', max_tokens: 50 } },
  { body: { model: 'sandbox-echo', stream: true, sandbox: { reply_chars: 400, delay_ms: 5 } } },
  { body: { model: 'sandbox-error-midstream', stream: true } },
  { body: { model: 'sandbox-error-500' } },
  { body: { model: 'sandbox-no-usage', stream: true } },
  {
    body: { model: 'sandbox-echo', stream: true, sandbox: { reply_chars: 4_000, delay_ms: 10 } },
    leavesAfterMs: 100,
  },
]

async function send(proxy: Tollkeeper, { key }: Customer, turn: number): Promise<void> {
  const { body, leavesAfterMs } = KINDS[turn % KINDS.length] as (typeof KINDS)[number]
  const signal = leavesAfterMs === undefined ? undefined : AbortSignal.timeout(leavesAfterMs)
  const response = await proxy.chat(key, { ...body, messages }, signal && { signal })
  await response.text()
}

test('traffic over two instances never looks like a violation to audits that never rest', {
  timeout: 300_000,
}, async ({ annotate }) => {
  const one = await startProxy({ auditPace: RESTLESS })
  const { databaseUrl, sandbox } = one
  const two = await startProxy({ databaseUrl, sandbox, auditPace: RESTLESS })
  const customers = await Promise.all(Array.from({ length: CUSTOMERS }, () => one.customer('1000')))

  let turn = 0
  const client = async () => {
    while (turn < REQUESTS) {
      const nth = turn
      turn += 1
      const proxy = nth % 2 === 0 ? one : two
      const customer = customers[nth % CUSTOMERS] as Customer
      await send(proxy, customer, nth).catch(() => 'it left')
      if (nth % 50 === 0) {
        const grant = { credits: '1', reference: `grant ${nth}` }
        await one.admin('POST', `/accounts/${customer.accountId}/grants`, grant)
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, client))
  await eventually(async () => {
    const [row] = await one.sql`select count(*) as open from holds`
    return row?.open === '0' || undefined
  }, 30)

  const looks = await Promise.all(
    [one, two].map(async (proxy) => (await scrape(proxy)).sum('tollkeeper_audit_accounts_total')),
  )
  await annotate(`${REQUESTS} requests, looks at an account: ${looks.join(' and ')}`)
  for (const count of looks) expect(count).toBeGreaterThan(CUSTOMERS)
  expect(await one.sql`select * from audit_violations`).toEqual([])
  const { body } = await one.admin('GET', '/audit')
  expect(body).toMatchObject({ ok: true, violations: [], background: { frozen: [] } })
  const [charges] = await one.sql`select count(*) as all from ledger where kind = 'charge'`
  expect(Number(charges?.all)).toBeGreaterThan(REQUESTS / 2)
  await two.close()
  await one.close()
})
