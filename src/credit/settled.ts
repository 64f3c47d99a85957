import { SYSTEM_CLOCK } from '../clock.ts'
import { inTime } from '../standstill.ts'
import type { SettlementQueue } from '../store/lanes/settlement-queue.ts'

/**
 * Waits until what this instance settles for an account is settled, or so many milliseconds.
 * @returns whether there was anything to wait for
 */
export async function settled(
  settlements: Pick<SettlementQueue, 'ofAccount'>,
  accountId: string,
  withinMs: number,
): Promise<boolean> {
  const settling = settlements.ofAccount(accountId)
  if (settling === null) return false
  await inTime(SYSTEM_CLOCK, withinMs, settling, () => null)
  return true
}
