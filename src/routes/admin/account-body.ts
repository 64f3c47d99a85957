import { type Static, Type } from '@sinclair/typebox'
import { formatCredits } from '../../domain/credits.ts'
import type { Account, AccountStatus } from '../../store/accounts.ts'
import { AccountId, answer, Credits, Time } from '../answers.ts'
import { nullable, oneOf } from './fields.ts'
import { formatId } from './ids.ts'

const STATUSES = ['active', 'suspended', 'closed'] as const satisfies AccountStatus[]

/** What an operator can make of an account. */
export const NewStatus = oneOf(STATUSES)

/** What an account can be: only the audit freezes. */
export const Status = oneOf([...STATUSES, 'frozen'] satisfies AccountStatus[])

export const AccountBody = answer('Account', 'An account; available is posted - held.', {
  id: AccountId,
  name: Type.String(),
  external_id: nullable(Type.String()),
  tier: Type.String(),
  status: Status,
  posted: Credits,
  held: Credits,
  available: Credits,
  created_at: Time,
})

/** An account as JSON; amounts are decimal strings in credits. */
export function accountBody(account: Account): Static<typeof AccountBody> {
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
