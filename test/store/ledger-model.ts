export type Entry = { seq: bigint; kind: string; amount: bigint; balanceAfter: bigint }
export type Account = { active: boolean; posted: bigint; held: bigint; entries: Entry[] }
export type HoldRow = { id: string; account: string; amount: bigint; minimum: bigint }
export type Ended = { account: string; hold: bigint; charged: bigint; uncollected: bigint }

/** What the ledger must be, kept in memory: the auditor of the SQL. */
export class LedgerModel {
  readonly accounts = new Map<string, Account>()
  readonly holds = new Map<string, { account: string; amount: bigint }>()
  readonly ended = new Map<string, Ended>()
  readonly grants = new Map<string, bigint>()
  /** Ids of all holds ever asked for. */
  readonly ids: string[] = []

  addAccount(id: string): void {
    this.accounts.set(id, { active: true, posted: 0n, held: 0n, entries: [] })
  }

  reserve(row: HoldRow, replay: boolean): { outcome: string; granted: bigint } {
    this.ids.push(row.id)
    const open = this.holds.get(row.id)
    if (replay && open) return { outcome: 'held', granted: open.amount }
    if (replay && this.ended.has(row.id)) return { outcome: 'ended', granted: 0n }
    const account = this.accounts.get(row.account)
    if (account === undefined) return { outcome: 'no_account', granted: 0n }
    if (!account.active) return { outcome: 'inactive', granted: 0n }
    const available = account.posted - account.held
    if (available < row.minimum) {
      const outcome = account.posted >= row.minimum ? 'credits_held' : 'insufficient'
      return { outcome, granted: 0n }
    }
    const granted = row.amount < available ? row.amount : available
    account.held += granted
    this.holds.set(row.id, { account: row.account, amount: granted })
    return { outcome: 'held', granted }
  }

  /** @returns the amount the hold has then; null when it is not open */
  extend(id: string, wanted: bigint): bigint | null {
    const hold = this.holds.get(id)
    if (hold === undefined) return null
    const account = this.accountOf(hold.account)
    const more = account.active ? least(wanted - hold.amount, account.posted - account.held) : 0n
    if (more > 0n) {
      hold.amount += more
      account.held += more
    }
    return hold.amount
  }

  /** Settles in the order of the ledger: within an account what gives money back goes first. */
  settle(
    rows: { id: string; cost: bigint }[],
  ): Map<string, { charged: bigint; uncollected: bigint }> {
    const costs = new Map(rows.map(({ id, cost }) => [id, cost]))
    const open = [...costs].filter(([id]) => this.holds.has(id)).map(([id, cost]) => ({ id, cost }))
    const isAbove = ({ id, cost }: { id: string; cost: bigint }) =>
      cost > (this.holds.get(id)?.amount as bigint)
    const ordered = open.toSorted(
      (a, b) => Number(isAbove(a)) - Number(isAbove(b)) || (a.id < b.id ? -1 : 1),
    )
    return new Map(ordered.map(({ id, cost }) => [id, this.#settleOne(id, cost)]))
  }

  grant(account: string, reference: string, credits: bigint): string {
    const key = `${account} ${reference}`
    const earlier = this.grants.get(key)
    if (earlier !== undefined) return earlier === credits ? 'repeated' : 'conflict'
    this.grants.set(key, credits)
    this.#post(account, 'grant', credits)
    return 'granted'
  }

  accountOf(id: string): Account {
    const account = this.accounts.get(id)
    if (account === undefined) throw new Error(`no account ${id}`)
    return account
  }

  #settleOne(id: string, cost: bigint) {
    const hold = this.holds.get(id) as { account: string; amount: bigint }
    const account = this.accountOf(hold.account)
    const above = cost > hold.amount ? least(cost - hold.amount, account.posted - account.held) : 0n
    const charged = least(cost, hold.amount + above)
    this.holds.delete(id)
    account.held -= hold.amount
    if (charged > 0n) this.#post(hold.account, 'charge', -charged)
    const uncollected = cost - charged
    this.ended.set(id, { account: hold.account, hold: hold.amount + above, charged, uncollected })
    return { charged, uncollected }
  }

  #post(id: string, kind: string, amount: bigint): void {
    const account = this.accountOf(id)
    account.posted += amount
    const seq = BigInt(account.entries.length + 1)
    account.entries.push({ seq, kind, amount, balanceAfter: account.posted })
  }
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
