import { Type } from '@sinclair/typebox'
import { adjustmentsOf } from '../../store/adjustments.ts'
import { repricingsOf } from '../../store/prices/repricings.ts'
import { findRequest, listRequests } from '../../store/requests.ts'
import { listOf } from '../answers.ts'
import { oneOf, pathId, strictObject, Text, unread } from './fields.ts'
import { readFilterId, UUID } from './ids.ts'
import { listBody, PageFields, readPage } from './paging.ts'
import { found, notFound } from './refusals.ts'
import {
  EndedRequestBody,
  OUTCOMES,
  RequestStoryBody,
  RunningRequestBody,
} from './request-answer.ts'
import { endedBody, runningBody, storyBody } from './request-body.ts'
import type { AdminPlugin } from './type-provider.ts'

const Filter = strictObject({
  ...PageFields,
  account_id: Type.Optional(unread('`acc_<uuid>`')),
  key_id: Type.Optional(unread('`key_<uuid>`')),
  model: Type.Optional(Text),
  outcome: Type.Optional(oneOf(OUTCOMES)),
})

const listSchema = {
  summary: 'List requests that ended, newest first',
  querystring: Filter,
  answers: { 200: listOf(EndedRequestBody) },
}
const getSchema = {
  summary: 'Read the whole story of a request',
  params: pathId(''),
  answers: {
    200: Type.Union([RequestStoryBody, RunningRequestBody], {
      description: 'Its record, or its hold while it runs.',
    }),
  },
}

/** `/admin/requests`: what became of each request. */
export const requestRoutes: AdminPlugin = async (app) => {
  const { db } = app.database

  app.get('/requests', { schema: listSchema }, async ({ query }) => {
    const filter = {
      accountId: readFilterId('account', 'account_id', query.account_id),
      keyId: readFilterId('key', 'key_id', query.key_id),
      model: query.model,
      outcome: query.outcome,
    }
    return listBody(await listRequests(db, filter, readPage(query, 'id')), endedBody)
  })

  app.get('/requests/:id', { schema: getSchema }, async ({ params: { id } }) => {
    if (!UUID.test(id)) throw notFound('request')
    const request = found(await findRequest(db, id), 'request')
    if ('running' in request) return runningBody(request.running)
    return storyBody(request.ended, await adjustmentsOf(db, id), await repricingsOf(db, id))
  })
}
