import { Type } from '@sinclair/typebox'
import { formatCredits } from '../../domain/credits.ts'
import { findAccount } from '../../store/accounts.ts'
import { type LedgerEntry, listEntries } from '../../store/ledger-entries.ts'
import { strictObject } from './fields.ts'
import { readPathId } from './ids.ts'
import { listBody, PageFields, readPage } from './paging.ts'
import { found } from './refusals.ts'
import type { AdminPlugin } from './type-provider.ts'

const schema = {
  params: strictObject({ id: Type.String() }),
  querystring: strictObject(PageFields),
}

/** `/admin/accounts/:id/ledger`: every movement of an account's credits, newest first. */
export const ledgerRoutes: AdminPlugin = async (app) => {
  const { db } = app.database

  app.get('/accounts/:id/ledger', { schema }, async ({ params, query }) => {
    const accountId = readPathId('account', params.id)
    const page = readPage(query, 'seq')
    found(await findAccount(db, accountId), 'account')
    return listBody(await listEntries(db, accountId, page), entryBody)
  })
}

/** Credits to the customer are positive, charges negative. */
function entryBody(entry: LedgerEntry) {
  return {
    seq: entry.seq,
    kind: entry.kind,
    amount: formatCredits(entry.amount),
    balance_after: formatCredits(entry.balanceAfter),
    request_id: entry.requestId,
    reference: entry.reference,
    created_at: entry.createdAt.toISOString(),
  }
}
