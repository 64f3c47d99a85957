import { BucketModel, least, most, type Period, startOf, UNIT, waitMs } from './ledger-limits.ts'
import type { Account, Ended, Entry, Hold, Key, Spend } from './ledger-parts.ts'
import type {
  ExtendVersion,
  HoldRow,
  ReserveAnswer,
  SettleAnswer,
  SettleRow,
  Version,
} from './ledger-rows.ts'

const UNTOLD = { granted: 0n, waitMs: 0n, remaining: null, tokensLeft: null }

/** What the ledger must be, kept in memory: the auditor of the SQL. */
export class LedgerModel {
  readonly accounts = new Map<string, Account>()
  readonly keys = new Map<string, Key>()
  readonly holds = new Map<string, Hold>()
  readonly ended = new Map<string, Ended>()
  readonly grants = new Map<string, bigint>()
  readonly requests = new BucketModel()
  readonly tokens = new BucketModel()
  /** Microseconds since 1970. */
  now: bigint

  constructor(now: bigint) {
    this.now = now
  }

  addAccount(id: string, keys: string[]): void {
    this.accounts.set(id, { active: true, posted: 0n, entries: [] })
    for (const key of keys) this.keys.set(key, { account: id, spend: null })
  }

  reserve(row: Required<HoldRow>, replay: boolean, version: Version): ReserveAnswer {
    const open = this.holds.get(row.id)
    if (replay && open) return { ...UNTOLD, outcome: 'held', granted: open.amount }
    if (replay && this.ended.has(row.id)) return { ...UNTOLD, outcome: 'ended' }
    const { answer, draws } = this.#drawFor(row, version)
    if (answer.outcome !== '') return answer
    const left = version > 1 && row.capped ? this.#spendLeft(row.key) : null
    const outcome = this.#outcomeOf(row, left)
    if (outcome !== 'held') return { ...answer, outcome }
    for (const draw of draws) draw()
    const granted = least(row.amount, this.#room(row.account, row.key, left))
    const { accountTpm = null, keyTpm = null } = version > 1 ? row.limits : {}
    this.holds.set(row.id, {
      ...{ account: row.account, key: row.key, amount: granted },
      ...{ tokens: version > 1 ? row.tokens : null, accountTpm, keyTpm },
    })
    const remaining = answer.remaining === null ? null : answer.remaining - 1n
    const tokensLeft = answer.tokensLeft === null ? null : answer.tokensLeft - row.tokens
    return { ...answer, outcome, granted, remaining, tokensLeft }
  }

  /** @returns the amount the hold has then; null when it is not open */
  extend(id: string, wanted: bigint, version: ExtendVersion): bigint | null {
    const hold = this.holds.get(id)
    if (hold === undefined) return null
    const left = version >= 2 ? this.#spendLeft(hold.key) : null
    const room = this.#room(hold.account, hold.key, left)
    const more = least(wanted - hold.amount, room)
    if (this.accountOf(hold.account).active && more > 0n) hold.amount += more
    return hold.amount
  }

  /** Settles in the order of the ledger: within an account what gives money back goes first. */
  settle(sent: SettleRow[], version: Version): Map<string, SettleAnswer> {
    const crashesLast = sent.toSorted((a, b) => Number(a.crashed) - Number(b.crashed))
    const rows = [...new Map(crashesLast.toReversed().map((row) => [row.id, row])).values()]
    const isAbove = ({ id, cost }: SettleRow) => cost > (this.holds.get(id)?.amount as bigint)
    const held = rows
      .filter(({ id }) => this.holds.has(id))
      .toSorted((a, b) => Number(isAbove(a)) - Number(isAbove(b)) || byId(a, b))
    const late = rows.filter((row) => !held.includes(row) && !row.crashed).toSorted(byId)
    const gifts = new Map<string, { tpm: bigint; count: bigint }>()
    const answers = held.map((row) => {
      if (version === 2) collectGifts(gifts, this.holds.get(row.id) as Hold, row.tokens)
      return [row.id, this.#settleOne(row, version)] as const
    })
    for (const [id, { tpm, count }] of gifts) this.tokens.give(id, tpm, count, this.now)
    const corrected = late.flatMap((row) => {
      const answer = version === 2 ? this.#correct(row) : null
      return answer ? [[row.id, answer] as const] : []
    })
    return new Map([...answers, ...corrected])
  }

  grant(account: string, reference: string, credits: bigint): string {
    const key = `${account} ${reference}`
    const earlier = this.grants.get(key)
    if (earlier !== undefined) return earlier === credits ? 'repeated' : 'conflict'
    this.grants.set(key, credits)
    this.#post(account, 'grant', credits, null)
    return 'granted'
  }

  /** What was charged in the running period counts, whoever charged it. */
  limitSpend(id: string, limit: bigint | null, period: Period): void {
    const key = this.keys.get(id) as Key
    const since = startOf(period, this.now)
    const isOurs = ({ kind, request, at }: Entry) =>
      kind.endsWith('charge') &&
      this.ended.get(request as string)?.key === id &&
      (since === null || at >= since)
    const ours = this.accountOf(key.account).entries.filter(isOurs)
    const spent = ours.reduce((sum, { amount }) => sum - amount, 0n)
    key.spend = limit === null ? null : { limit, period, since, spent }
  }

  accountOf(id: string): Account {
    const account = this.accounts.get(id)
    if (account === undefined) throw new Error(`no account ${id}`)
    return account
  }

  /** What open holds of an account or a key hold. */
  heldBy(id: string): bigint {
    return this.#holdsOf(id).reduce((sum, { amount }) => sum + amount, 0n)
  }

  #holdsOf(id: string): Hold[] {
    return [...this.holds.values()].filter(({ account, key }) => id === account || id === key)
  }

  /** Looks at the limits of requests and tokens; an outcome is the one that refuses. */
  #drawFor(row: Required<HoldRow>, version: Version) {
    const { accountRpm, keyRpm, accountTpm, keyTpm } = row.limits
    const answer: ReserveAnswer = { ...UNTOLD, outcome: '' }
    const draws: (() => void)[] = []
    const look = (bucket: 'requests' | 'tokens', id: string, limit: bigint | undefined) => {
      if (limit === undefined || (version < 3 && answer.outcome !== '')) return
      const [buckets, count] = [this[bucket], bucket === 'requests' ? 1n : row.tokens]
      const level = buckets.level(id, limit, this.now)
      const name = bucket === 'requests' ? 'remaining' : 'tokensLeft'
      answer[name] = least(level / UNIT, answer[name] ?? level / UNIT)
      const wait = waitMs(least(count, limit) * UNIT - level, limit)
      answer.waitMs = most(wait, answer.waitMs)
      if (wait > 0n) answer.outcome ||= bucket === 'requests' ? 'rate_limited' : 'tokens_limited'
      draws.push(() => buckets.set(id, level - count * UNIT, this.now))
    }
    look('requests', row.account, accountRpm)
    look('requests', row.key, keyRpm)
    look('tokens', row.account, version > 1 ? accountTpm : undefined)
    look('tokens', row.key, version > 1 ? keyTpm : undefined)
    return { answer, draws }
  }

  #outcomeOf({ account: id, key, minimum, limits }: Required<HoldRow>, left: bigint | null) {
    const running = (owner: string) => this.#holdsOf(owner).length
    if (limits.accountConcurrency && limits.accountConcurrency <= running(id)) return 'too_many'
    if (limits.keyConcurrency && limits.keyConcurrency <= running(key)) return 'too_many'
    const account = this.accounts.get(id)
    if (account === undefined) return 'no_account'
    if (!account.active) return 'inactive'
    if (this.#room(id, key, left) >= minimum) return 'held'
    if (account.posted < minimum) return 'insufficient'
    if (left !== null && left < minimum) return 'spend_reached'
    return account.posted - this.heldBy(id) < minimum ? 'credits_held' : 'spend_held'
  }

  /** What a hold may take more: of the balance, and of the key's spending limit. */
  #room(account: string, key: string, left: bigint | null): bigint {
    const available = this.accountOf(account).posted - this.heldBy(account)
    return left === null ? available : most(0n, least(available, left - this.heldBy(key)))
  }

  #spendLeft(key: string): bigint | null {
    const spend = this.keys.get(key)?.spend ?? null
    return spend && spend.limit - (this.#isCurrent(spend) ? spend.spent : 0n)
  }

  #isCurrent({ period, since }: Spend): boolean {
    const start = startOf(period, this.now)
    return start === null || (since as bigint) >= start
  }

  #settleOne({ id, cost, crashed = false }: SettleRow, version: Version): SettleAnswer {
    const hold = this.holds.get(id) as Hold
    const { account, key, amount } = hold
    const left = version === 2 ? this.#spendLeft(key) : null
    const above = most(0n, least(cost - amount, this.#room(account, key, left)))
    const charged = least(cost, amount + above)
    const uncollected = cost - charged
    this.holds.delete(id)
    this.ended.set(id, { account, key, hold: amount + above, charged, uncollected, crashed })
    if (charged > 0n) this.#post(account, 'charge', -charged, id)
    if (version === 2) this.#countSpend(key, charged)
    return { charged, uncollected }
  }

  /** A late result: what it was charged as crashed is made right. */
  #correct({ id, account, cost }: SettleRow): SettleAnswer | null {
    const ended = this.ended.get(id)
    if (!ended?.crashed || ended.account !== account) return null
    const room = this.#room(account, ended.key, this.#spendLeft(ended.key))
    const wanted = cost - ended.charged
    const correction = wanted > 0n ? least(wanted, room) : wanted
    const charged = ended.charged + correction
    const uncollected = cost - charged
    const hold = most(ended.hold, charged)
    this.ended.set(id, { ...ended, hold, charged, uncollected, crashed: false })
    if (correction !== 0n) this.#post(account, 'late_charge', -correction, id)
    if (correction !== 0n) this.#countSpend(ended.key, correction)
    return { charged, uncollected, correction }
  }

  #countSpend(key: string, charged: bigint): void {
    const spend = this.keys.get(key)?.spend
    if (!spend) return
    spend.spent = (this.#isCurrent(spend) ? spend.spent : 0n) + charged
    if (!this.#isCurrent(spend)) spend.since = startOf(spend.period, this.now)
  }

  #post(id: string, kind: string, amount: bigint, request: string | null): void {
    const account = this.accountOf(id)
    account.posted += amount
    const seq = BigInt(account.entries.length + 1)
    const balanceAfter = account.posted
    account.entries.push({ seq, kind, amount, balanceAfter, request, at: this.now })
  }
}

function collectGifts(
  gifts: Map<string, { tpm: bigint; count: bigint }>,
  { account, key, tokens, accountTpm, keyTpm }: Hold,
  used: bigint | undefined,
): void {
  const count = tokens === null || used === undefined ? 0n : tokens - used
  for (const [id, tpm] of [
    [account, accountTpm],
    [key, keyTpm],
  ] as const) {
    if (tpm === null || count === 0n) continue
    const { tpm: other = 0n, count: before = 0n } = gifts.get(id) ?? {}
    gifts.set(id, { tpm: most(tpm, other), count: before + count })
  }
}

function byId(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? -1 : 1
}
