import { formatCredits } from '../../domain/credits.ts'
import type { Account } from '../../store/accounts.ts'
import { formatId } from './ids.ts'

/** An account as JSON; amounts are decimal strings in credits. */
export function accountBody(account: Account) {
  return {
    id: formatId('account', account.id),
    name: account.name,
    external_id: account.externalId,
    tier: account.tier,
    status: account.status,
    posted: formatCredits(account.posted),
    held: formatCredits(account.held),
    available: formatCredits(account.posted - account.held),
    created_at: account.createdAt.toISOString(),
  }
}
