import { type Columns, moment, record } from '../table.ts'

export type Key = {
  id: string
  account_id: string
  name: string | null
  hint: string
  expires_at: string | null
  revoked_at: string | null
  models: string[] | null
  requests_per_minute: number | null
  tokens_per_minute: number | null
  concurrency: number | null
  spend_limit: string | null
  spend_period: string | null
  spent: string | null
  created_at: string
}

/** The key itself is in the answer that made it, and never again. */
export type NewKey = Key & { key: string }

export const KEY_COLUMNS: Columns<Key> = {
  id: (key) => key.id,
  name: (key) => key.name,
  key: (key) => key.hint,
  models: (key) => key.models ?? 'any',
  'requests/min': (key) => key.requests_per_minute,
  'tokens/min': (key) => key.tokens_per_minute,
  concurrency: (key) => key.concurrency,
  spent: spentOf,
  expires: (key) => key.expires_at && moment(key.expires_at),
  revoked: (key) => key.revoked_at && moment(key.revoked_at),
}

/** `3.5 of 20 a month`. */
function spentOf({ spend_limit: limit, spend_period: period, spent }: Key): string | null {
  return limit && `${spent} of ${limit}${period === 'total' ? '' : ` a ${period}`}`
}

export function newKeyText(made: NewKey): string {
  return record(made, { ...KEY_COLUMNS, key: () => `${made.key}   (shown only now)` })
}

export function keysOf(accountId: string): string {
  return `/accounts/${accountId}/keys`
}
