import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { availableOf } from '../store/balance.ts'
import { type RequestDue, readDues } from '../store/prices/correction-steps.ts'
import type { AccountCorrection, CorrectionTotals } from '../store/prices/correction-totals.ts'
import { type CorrectedSpan, readClock } from '../store/prices/price-corrections.ts'
import { Repricer } from './repriced-pages.ts'

/** What a correction does, or would do. */
export type CorrectionFigures = {
  totals: CorrectionTotals
  /** The accounts that it moves most, at most LARGEST_MAX. */
  largest: AccountCorrection[]
  leftAlone: number
  assumedMarkups: number
}

/** Accounts that are named one by one. */
export const LARGEST_MAX = 20

/** Requests that one look passes by. */
const PAGE_ROWS = 1_000

/** Accounts of a report, which has them in memory. */
const ACCOUNTS_MAX = 100_000

/** The id below that of every request. */
const FIRST = '00000000-0000-0000-0000-000000000000'

/**
 * What a correction of these requests would do now, with the balances of now. Nothing is changed.
 * @returns null where it is about more than 100,000 accounts
 */
export async function reportCorrection(
  db: PostgresJsDatabase,
  span: CorrectedSpan,
  rows = PAGE_ROWS,
): Promise<CorrectionFigures | null> {
  const repricer = await Repricer.open(db, span, await readClock(db))
  const accounts = new Map<string, AccountCorrection>()
  const counts = { leftAlone: 0, assumedMarkups: 0 }
  for (let after: string | null = FIRST; after !== null; ) {
    const { requests, last, leftAlone, assumedMarkups } = await repricer.page(after, rows)
    const dues = requests.length === 0 ? [] : await readDues(db, requests)
    for (const due of dues) addDue(accounts, due)
    counts.leftAlone += leftAlone
    counts.assumedMarkups += assumedMarkups
    if (accounts.size > ACCOUNTS_MAX) return null
    after = last
  }
  const all = [...accounts.values()]
  await foretellTaken(db, all)
  return { totals: totalsOf(all), largest: largestOf(all), ...counts }
}

const NOTHING = { requests: 0, charged: 0n, cost: 0n, given: 0n, due: 0n, taken: 0n }

function addDue(accounts: Map<string, AccountCorrection>, one: RequestDue): void {
  const { accountId, charged, cost, due } = one
  const sums = accounts.get(accountId) ?? { accountId, ...NOTHING }
  sums.requests += 1
  sums.charged += charged
  sums.cost += cost
  if (due < 0n) sums.given -= due
  else sums.due += due
  accounts.set(accountId, sums)
}

/** What is given comes first, so it can be taken. */
async function foretellTaken(db: PostgresJsDatabase, all: AccountCorrection[]): Promise<void> {
  const due = all.filter((account) => account.due > 0n)
  const available = await availableOf(
    db,
    due.map(({ accountId }) => accountId),
  )
  for (const account of due) {
    const most = (available.get(account.accountId) ?? 0n) + account.given
    account.taken = account.due < most ? account.due : most
  }
}

function totalsOf(all: AccountCorrection[]): CorrectionTotals {
  const totals = { accounts: all.length, ...NOTHING }
  for (const account of all) {
    totals.requests += account.requests
    totals.charged += account.charged
    totals.cost += account.cost
    totals.given += account.given
    totals.due += account.due
    totals.taken += account.taken
  }
  return totals
}

function largestOf(all: AccountCorrection[]): AccountCorrection[] {
  const moved = ({ given, due }: AccountCorrection) => (given > due ? given : due)
  const order = (a: AccountCorrection, b: AccountCorrection) =>
    moved(a) === moved(b) ? (a.accountId < b.accountId ? -1 : 1) : moved(a) > moved(b) ? -1 : 1
  return all.toSorted(order).slice(0, LARGEST_MAX)
}
