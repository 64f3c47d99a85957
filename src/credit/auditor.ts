import type { Clock } from '../clock.ts'
import { MovedAccounts } from '../domain/moved-accounts.ts'
import { detailOf } from '../domain/violation.ts'
import type { AuditBounds, AuditStep, Look } from '../store/audit/audit-step.ts'

/** How often the background audit looks at what, and how much of it at a time. */
export type AuditPace = AuditBounds & {
  /** Milliseconds between two turns of one instance. */
  turnMs: number
  /** Milliseconds from a movement to a look, so that one look serves many entries. */
  lookAfterMs: number
}

/** An account is looked at soon after it moved, and each one every minute if 50 a second allow. */
export const AUDIT_PACE: AuditPace = {
  turnMs: 1_000,
  lookAfterMs: 30_000,
  accountsMax: 50,
  entriesMax: 1_000,
  batchEntriesMax: 20_000,
  sweepMs: 1_000,
  passMs: 60_000,
}

type Log = Record<'warn' | 'error', (facts: Record<string, unknown>, message: string) => void>

export type AuditorPorts = {
  clock: Clock
  log: Log
  pace: AuditPace
  /** One batch. */
  step(batch: AuditStep): Promise<Look[]>
  /** Hears of everything looked at. */
  looked(looks: Look[]): void
}

/**
 * The audit that runs by itself. Whatever breaks a rule of the ledger is kept and frozen by the
 * step that finds it, and reported here.
 */
export class Auditor {
  readonly #ports: AuditorPorts
  readonly #moved = new MovedAccounts()
  #isFailing = false

  constructor(ports: AuditorPorts) {
    this.#ports = ports
  }

  /** An account's balance has changed. */
  moved(accountId: string): void {
    const { clock, pace } = this.#ports
    this.#moved.add(accountId, clock.now() + pace.lookAfterMs)
  }

  /** Looks at the accounts that are due, and at the next ones of the pass over all. */
  async turn(): Promise<void> {
    const { clock, pace } = this.#ports
    const due = new Set(this.#moved.take(clock.now(), pace.accountsMax))
    try {
      const looks = due.size === 0 ? [] : await this.#step([...due])
      for (const { accountId } of looks) due.delete(accountId)
      await this.#step(null)
      this.#isFailing = false
    } catch (err) {
      if (!this.#isFailing) this.#ports.log.warn({ err }, 'the audit waits for Postgres')
      this.#isFailing = true
    } finally {
      for (const accountId of due) this.#again(accountId)
    }
  }

  async #step(accounts: string[] | null): Promise<Look[]> {
    const { step, looked, pace } = this.#ports
    const looks = await step({ accounts, bounds: pace })
    looked(looks)
    for (const look of looks) {
      this.#report(look)
      if (!look.isWhole) this.#again(look.accountId)
    }
    return looks
  }

  /** There was no time for it, or not for all of it. */
  #again(accountId: string): void {
    this.#moved.add(accountId, this.#ports.clock.now())
  }

  #report({ accountId, isFrozen, violations }: Look): void {
    const { log } = this.#ports
    const account_id = `acc_${accountId}`
    for (const violation of violations) {
      const facts = { account_id, rule: violation.rule, detail: detailOf(violation) }
      log.error(facts, 'the audit found a broken balance')
    }
    if (isFrozen) log.error({ account_id }, 'the account is frozen until an operator has looked')
  }
}
