import type { OpenHold } from '../../src/store/instances.ts'
import type { ReserveAnswer } from '../../src/store/lanes/reserve.ts'
import type { SettleAnswer, Settlement } from '../../src/store/lanes/settle.ts'
import type { Instances } from './instances.ts'

export type HoldItem = { id: string; accountId: string; amount: bigint; minimum: bigint }
export type Ended = { outcome: string; charged: bigint; uncollected: bigint; hold: bigint }

type Account = { posted: bigint; held: bigint }
type Entry = { accountId: string; kind: 'grant' | 'charge' | 'late_charge'; amount: bigint }

const KEY = '01900000-0000-7000-8000-00000000000a'
const TERMS = { endpoint: '/v1/chat/completions', model: 'm', provider: 'p', stream: true }

/** The tables of the money and the functions that move it (`migrations/`), as a model in memory. */
export class SimLedger {
  readonly accounts = new Map<string, Account>()
  readonly holds = new Map<string, OpenHold>()
  readonly requests = new Map<string, Ended>()
  readonly instances: Instances
  /** Entries of the ledger by request, and all of them. */
  readonly entries: Entry[] = []
  readonly entriesOf = new Map<string, Entry[]>()
  /** Statements that may have changed something. */
  changes = 0
  readonly #today: () => Date
  readonly #saw: (what: string) => void
  /** Hears of a hold that is settled by a sweeper's guess, before it is gone. */
  onGuess: (hold: OpenHold) => void = () => {}

  /** @param saw hears of what is worth counting */
  constructor(instances: Instances, today: () => Date, saw: (what: string) => void) {
    this.instances = instances
    this.#today = today
    this.#saw = saw
  }

  grant(accountId: string, credits: bigint): void {
    this.accounts.set(accountId, { posted: 0n, held: 0n })
    this.#post(accountId, 'grant', credits, null)
  }

  /** reserve_v3, greedily: all of it or nothing. @throws of SQLSTATE TKDED or 23505 */
  reserve(instanceId: string, items: HoldItem[], replay: boolean): ReserveAnswer[] {
    this.changes += 1
    if (this.instances.isDead(instanceId)) {
      this.#saw('a hold refused to a dead instance')
      throw sqlError('TKDED', 'declared dead')
    }
    const placed: OpenHold[] = []
    const answers = items.map((item) => {
      const known = replay ? this.#knownAnswer(item.id) : null
      if (known) return known
      const { posted, held } = this.#accountOf(item.accountId)
      const ours = sumOf(placed.filter(({ accountId }) => accountId === item.accountId))
      const available = posted - held - ours
      if (available < item.minimum) {
        return answerOf(posted >= item.minimum ? 'credits_held' : 'insufficient', 0n)
      }
      const granted = least(item.amount, available)
      placed.push(this.#holdOf(item, granted, instanceId))
      return answerOf('held', granted)
    })
    if (placed.some(({ id }) => this.holds.has(id))) throw sqlError('23505', 'holds_pkey')
    for (const hold of placed) {
      this.holds.set(hold.id, hold)
      this.#accountOf(hold.accountId).held += hold.amount
    }
    return answers
  }

  /** extend_v4. @returns the amount of each hold now; 0 where it is gone */
  extend(items: { id: string; amount: bigint }[]): bigint[] {
    this.changes += 1
    return items.map(({ id, amount }) => {
      const hold = this.holds.get(id)
      if (!hold) return 0n
      const account = this.#accountOf(hold.accountId)
      const more = least(amount - hold.amount, account.posted - account.held)
      if (more > 0n) {
        hold.amount += more
        account.held += more
      }
      return hold.amount
    })
  }

  /** settle_v3, with late results. @throws of SQLSTATE 23514, and nothing is done */
  settle(items: Settlement[]): SettleAnswer[] {
    this.changes += 1
    if (items.some(({ cost }) => cost < 0n)) throw sqlError('23514', 'requests_money')
    const counts = new Map<string, Settlement>()
    for (const item of items) {
      const other = counts.get(item.id)
      if (!other || (isGuess(other) && !isGuess(item))) counts.set(item.id, item)
    }
    const inOrder = [...counts.values()].sort((a, b) => this.#order(a, b))
    const answers = new Map<string, SettleAnswer>()
    for (const item of inOrder.filter(({ id }) => this.holds.has(id))) {
      answers.set(item.id, this.#end(item))
    }
    const late = [...counts.values()].filter(({ id }) => !answers.has(id))
    for (const item of late.sort(byId)) {
      if (!isGuess(item)) answers.set(item.id, this.#correct(item))
    }
    return items.map(({ id }) => answers.get(id) ?? null)
  }

  /** record_v1 */
  record(items: { id: string; outcome: string }[]): null[] {
    return items.map(({ id, outcome }) => {
      if (this.requests.has(id)) return null
      this.requests.set(id, { outcome, hold: 0n, charged: 0n, uncollected: 0n })
      return null
    })
  }

  /** heartbeat_v1, the part of the holds */
  checkpoint(metered: { id: string; metered: bigint }[]): void {
    for (const one of metered) {
      const hold = this.holds.get(one.id)
      if (hold && one.metered > hold.metered) hold.metered = one.metered
    }
  }

  findOrphans(): OpenHold[] {
    return this.#copies((hold) => this.instances.isDead(hold.instanceId))
  }

  findUnknownHolds(instanceId: string, known: string[]): OpenHold[] {
    return this.#copies((hold) => hold.instanceId === instanceId && !known.includes(hold.id))
  }

  #copies(isWanted: (hold: OpenHold) => boolean): OpenHold[] {
    return [...this.holds.values()].filter(isWanted).map((hold) => ({ ...hold }))
  }

  #knownAnswer(id: string): ReserveAnswer | null {
    const open = this.holds.get(id)
    if (open) return answerOf('held', open.amount)
    return this.requests.has(id) ? answerOf('ended', 0n) : null
  }

  #holdOf(item: HoldItem, amount: bigint, instanceId: string): OpenHold {
    const { id, accountId } = item
    const createdAt = this.#today()
    const limits = { tokens: null, accountTpm: null, keyTpm: null }
    const hold = { id, accountId, keyId: KEY, instanceId, amount, createdAt, ...limits }
    return { ...hold, metered: 0n, terms: TERMS }
  }

  #end(item: Settlement): SettleAnswer {
    const hold = this.holds.get(item.id) as OpenHold
    this.#saw(`settled as ${item.record.outcome}`)
    if (isGuess(item)) this.onGuess(hold)
    const account = this.#accountOf(hold.accountId)
    const extra = most(0n, least(item.cost - hold.amount, account.posted - account.held))
    const charged = least(item.cost, hold.amount + extra)
    if (charged < item.cost) this.#saw('a cost beyond the balance')
    account.held -= hold.amount
    this.holds.delete(item.id)
    if (charged > 0n) this.#post(hold.accountId, 'charge', -charged, item.id)
    const uncollected = item.cost - charged
    this.#conclude(item, { hold: hold.amount, charged, uncollected })
    return { charged, uncollected, correction: null }
  }

  /** A late result makes what was charged right, once. */
  #correct(item: Settlement): SettleAnswer {
    const crash = this.requests.get(item.id)
    if (crash?.outcome !== 'crashed') return null
    this.#saw('a late result')
    const { posted, held } = this.#accountOf(item.accountId)
    const due = item.cost - crash.charged
    const correction = due > 0n ? least(due, posted - held) : due
    if (correction !== 0n) this.#post(item.accountId, 'late_charge', -correction, item.id)
    const charged = crash.charged + correction
    if (charged < item.cost) this.#saw('a late result beyond the balance')
    const uncollected = item.cost - charged
    this.#conclude(item, { hold: crash.hold, charged, uncollected })
    return { charged, uncollected, correction }
  }

  #conclude({ id, record }: Settlement, money: Omit<Ended, 'outcome'>): void {
    const before = this.requests.get(id)
    if (!before || before.hold === 0n || before.outcome === 'crashed') {
      this.requests.set(id, { outcome: record.outcome, ...money })
    }
  }

  #order(a: Settlement, b: Settlement): number {
    return Number(this.#isAbove(a)) - Number(this.#isAbove(b)) || byId(a, b)
  }

  #isAbove({ id, cost }: Settlement): boolean {
    return cost > (this.holds.get(id)?.amount ?? 0n)
  }

  #post(accountId: string, kind: Entry['kind'], amount: bigint, requestId: string | null): void {
    this.#accountOf(accountId).posted += amount
    const entry = { accountId, kind, amount }
    this.entries.push(entry)
    if (requestId === null) return
    const entries = this.entriesOf.get(requestId)
    if (entries) entries.push(entry)
    else this.entriesOf.set(requestId, [entry])
  }

  #accountOf(id: string): Account {
    return this.accounts.get(id) as Account
  }
}

function answerOf(outcome: ReserveAnswer['outcome'], granted: bigint): ReserveAnswer {
  return { outcome, granted, waitMs: 0, remaining: null } as ReserveAnswer
}

function byId(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? -1 : 1
}

function isGuess({ record }: Settlement): boolean {
  return record.outcome === 'crashed'
}

function sqlError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}

/** The sum of amounts. */
export function sumOf(all: { amount: bigint }[]): bigint {
  let sum = 0n
  for (const { amount } of all) sum += amount
  return sum
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

function most(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
