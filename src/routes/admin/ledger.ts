import { type Static, Type } from '@sinclair/typebox'
import { formatCredits } from '../../domain/credits.ts'
import { findAccount } from '../../store/accounts.ts'
import { LEDGER_KINDS, type LedgerEntry, listEntries } from '../../store/ledger-entries.ts'
import { answer, Credits, listOf, RequestId, Time } from '../answers.ts'
import { nullable, oneOf, pathId, strictObject } from './fields.ts'
import { readPathId } from './ids.ts'
import { listBody, PageFields, readPage } from './paging.ts'
import { found } from './refusals.ts'
import type { AdminPlugin } from './type-provider.ts'

const EntryBody = answer('LedgerEntry', 'One movement of credits; charges are negative.', {
  seq: Type.Integer({ minimum: 1, description: 'Without a gap, from 1.' }),
  kind: oneOf(LEDGER_KINDS),
  amount: Credits,
  balance_after: Credits,
  request_id: nullable(RequestId),
  reference: nullable(Type.String()),
  reason: nullable(Type.String({ description: 'Of an adjustment or a price correction.' })),
  created_at: Time,
})

const schema = {
  summary: 'List every movement of credits, newest first',
  params: pathId('acc_'),
  querystring: strictObject(PageFields),
  answers: { 200: listOf(EntryBody) },
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
function entryBody(entry: LedgerEntry): Static<typeof EntryBody> {
  return {
    seq: entry.seq,
    kind: entry.kind,
    amount: formatCredits(entry.amount),
    balance_after: formatCredits(entry.balanceAfter),
    request_id: entry.requestId,
    reference: entry.reference,
    reason: entry.reason,
    created_at: entry.createdAt.toISOString(),
  }
}
