import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { applyCorrection } from '../../src/correction/apply.ts'
import { auditLedger } from '../../src/store/audit/audit.ts'
import type { NewCorrection } from '../../src/store/prices/price-corrections.ts'
import { eventually } from '../harness/proxy.ts'
import { CREDIT, fresh, minute, openShop, type Shop } from './repriced.ts'

const MODEL = 'large'
const CALLS = 60

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
afterAll(() => shop.close())

/** Three accounts, one of them poor, and calls that cost some more and some less than charged. */
async function charged(): Promise<{ accounts: string[]; asked: NewCorrection }> {
  const provider = fresh('provider')
  const granted = [1_000n * CREDIT, 1_000n * CREDIT, 5n * CREDIT]
  const accounts = await Promise.all(granted.map((one) => shop.account(one)))
  const usd = 1_000_000_000n
  await shop.price(provider, MODEL, 0, { input: 10n * usd, output: 20n * usd })
  for (let count = 0; count < CALLS; count += 1) {
    const account = accounts[count % accounts.length] as string
    const usage = { prompt: 10 + (count % 7), completion: 3 * (count % 5) }
    await shop.call({ account, provider, model: MODEL, at: count, ...usage })
  }
  // Dearer in the first half, cheaper in the other.
  await shop.price(provider, MODEL, 1, { input: 90n * usd, output: 20n * usd })
  await shop.price(provider, MODEL, CALLS / 2, { input: 5n * usd, output: usd })
  const asked = { provider, model: MODEL, since: minute(0), until: null }
  return { accounts, asked: { ...asked, reference: fresh('memo'), reason: 'why' } }
}

const postedOf = (accounts: string[]) => Promise.all(accounts.map((one) => shop.posted(one)))

/** What was moved, by account and in order: the same for twins. */
async function movesOf(accounts: string[], reference: string) {
  const entries = await shop.entries(accounts)
  return accounts.map((account) =>
    entries
      .filter((entry) => entry.account_id === account && entry.reference === reference)
      .map(({ kind, amount, balance_after }) => ({ kind, amount, balance_after })),
  )
}

/** One step at a time. */
const STEP = { rows: 15, turnMs: 0 }
const LONG_TURN = { ...STEP, turnMs: 60_000 }

/** Corrects in one go, as nothing had gone wrong. */
async function corrected() {
  const { accounts, asked } = await charged()
  const answer = await applyCorrection(shop.db, asked)
  if (answer.outcome === 'conflict') throw new Error('a reference was there before')
  expect(answer.outcome).toBe('done')
  const { given, due, taken } = answer.figures.totals
  expect(given > 0n && taken > 0n && due > taken).toBe(true)
  const posted = await postedOf(accounts)
  return { totals: answer.figures.totals, posted, moves: await movesOf(accounts, asked.reference) }
}

/** Corrects over a connection that is cut off in a step, which an account keeps waiting. */
async function cutOffInAStep(asked: NewCorrection, account: string): Promise<void> {
  const client = postgres(shop.url, { max: 1, onnotice: () => {} })
  const other = await shop.sql.reserve()
  await other`begin`
  await other`select from accounts where id = ${account} for update`
  const [session] = await client`select pg_backend_pid() as pid`
  const pid = session?.pid as number
  const applied = Promise.allSettled([applyCorrection(drizzle(client), asked, LONG_TURN)])
  await eventually(async () => {
    const waiting = await shop.sql`
      select from pg_stat_activity where pid = ${pid} and wait_event_type = 'Lock'`
    return waiting.length === 1
  })
  await shop.sql`select pg_terminate_backend(${pid}, 10000)`
  expect(await applied).toMatchObject([{ status: 'rejected' }])
  await other`rollback`
  other.release()
  await client.end({ timeout: 0 })
}

/** Corrects over a connection that is cut off after a while. */
async function cutOff(asked: NewCorrection, afterMs: number): Promise<'cut' | 'running' | 'done'> {
  const client = postgres(shop.url, { max: 1, onnotice: () => {} })
  try {
    const [session] = await client`select pg_backend_pid() as pid`
    const answer = applyCorrection(drizzle(client), asked, LONG_TURN)
    const cut = new Promise((resolve) => setTimeout(resolve, afterMs)).then(
      () => shop.sql`select pg_terminate_backend(${session?.pid})`,
    )
    const [applied] = await Promise.allSettled([answer, cut])
    if (applied.status === 'rejected') return 'cut'
    return applied.value.outcome === 'done' ? 'done' : 'running'
  } finally {
    await client.end({ timeout: 0 })
  }
}

test('a correction that dies half way goes on where it stood, and takes effect once', async () => {
  const whole = await corrected()
  const { accounts, asked } = await charged()
  await cutOffInAStep(asked, accounts[0] as string)
  for (let tries = 0; tries < 8; tries += 1) {
    if ((await cutOff(asked, 2 * tries)) === 'done') break
    expect((await auditLedger(shop.sql)).violations).toEqual([])
    await applyCorrection(shop.db, asked, STEP)
  }
  const answer = await applyCorrection(shop.db, asked)
  expect(answer).toMatchObject({ outcome: 'done', figures: { totals: whole.totals } })
  expect(await postedOf(accounts)).toEqual(whole.posted)
  expect(await movesOf(accounts, asked.reference)).toEqual(whole.moves)
})

test('calls at the same time share one correction, and it takes effect once', {
  timeout: 180_000,
}, async () => {
  const whole = await corrected()
  const { accounts, asked } = await charged()
  const pace = { rows: 3, turnMs: 20 }
  const callTogether = () =>
    Promise.all(Array.from({ length: 6 }, () => applyCorrection(shop.db, asked, pace)))
  while (!(await callTogether()).some(({ outcome }) => outcome === 'done'));
  const answer = await applyCorrection(shop.db, asked)
  expect(answer).toMatchObject({ outcome: 'done', isNew: false, figures: { totals: whole.totals } })
  expect(await postedOf(accounts)).toEqual(whole.posted)
  expect(await movesOf(accounts, asked.reference)).toEqual(whole.moves)
})
