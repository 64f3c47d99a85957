import { Type } from '@sinclair/typebox'
import type { Outcome } from '../../store/request-record.ts'
import { findRequest, listRequests } from '../../store/requests.ts'
import { oneOf, strictObject, Text, Unread } from './fields.ts'
import { readFilterId, UUID } from './ids.ts'
import { listBody, PageFields, readPage } from './paging.ts'
import { found, notFound } from './refusals.ts'
import { endedBody, runningBody } from './request-body.ts'
import type { AdminPlugin } from './type-provider.ts'

const OUTCOMES: Record<Outcome, true> = {
  completed: true,
  client_gone: true,
  upstream_error: true,
  upstream_broken: true,
  timed_out: true,
  out_of_credits: true,
  refused: true,
  shutting_down: true,
  crashed: true,
}

const Filter = strictObject({
  ...PageFields,
  account_id: Type.Optional(Unread),
  key_id: Type.Optional(Unread),
  model: Type.Optional(Text),
  outcome: Type.Optional(oneOf(Object.keys(OUTCOMES) as Outcome[])),
})

/** `/admin/requests`: what became of each request. */
export const requestRoutes: AdminPlugin = async (app) => {
  const { db } = app.database

  app.get('/requests', { schema: { querystring: Filter } }, async ({ query }) => {
    const filter = {
      accountId: readFilterId('account', 'account_id', query.account_id),
      keyId: readFilterId('key', 'key_id', query.key_id),
      model: query.model,
      outcome: query.outcome,
    }
    return listBody(await listRequests(db, filter, readPage(query, 'id')), endedBody)
  })

  const schema = { params: strictObject({ id: Type.String() }) }
  app.get('/requests/:id', { schema }, async ({ params: { id } }) => {
    if (!UUID.test(id)) throw notFound('request')
    const request = found(await findRequest(db, id), 'request')
    return 'running' in request ? runningBody(request.running) : endedBody(request.ended)
  })
}
