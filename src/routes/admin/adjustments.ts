import { Type } from '@sinclair/typebox'
import { formatCredits } from '../../domain/credits.ts'
import { ProxyError } from '../../errors.ts'
import { findAccount } from '../../store/accounts.ts'
import { type AdjustOutcome, adjust } from '../../store/adjustments.ts'
import { answer, Credits, RequestId } from '../answers.ts'
import { AccountBody, accountBody } from './account-body.ts'
import { nullable, pathId, strictObject, Text, unread } from './fields.ts'
import { readPathId, UUID } from './ids.ts'
import { conflict, found, invalidValue, notFound } from './refusals.ts'
import type { AdminPlugin } from './type-provider.ts'
import { readSignedCredits } from './values.ts'

const NewAdjustment = strictObject({
  credits: unread("Credits, not 0: a decimal string, positive to the customer's gain."),
  reference: Text,
  request_id: Type.Optional(unread('The ended request of this account that it corrects.')),
  reason: Text,
})

const AdjustmentBody = answer('Adjustment', 'A correction, and the account with it.', {
  account: AccountBody,
  reference: Type.String(),
  credits: Credits,
  request_id: nullable(RequestId),
  reason: Type.String(),
})

const schema = {
  summary: 'Correct a balance, once a reference',
  params: pathId('acc_'),
  body: NewAdjustment,
  answers: { 200: AdjustmentBody, 201: AdjustmentBody },
}

/** `/admin/accounts/:id/adjustments`: what an operator corrects, once a reference. */
export const adjustmentRoutes: AdminPlugin = async (app) => {
  const { db } = app.database

  app.post('/accounts/:id/adjustments', { schema }, async ({ params, body }, reply) => {
    const accountId = readPathId('account', params.id)
    const { reference } = body
    const requestId = readRequestId(body.request_id)
    const credits = readSignedCredits('credits', body.credits)
    if (credits === 0n) throw invalidValue('credits', 'credits must not be 0.')
    const adjustment = { accountId, reference, credits, requestId, reason: body.reason }
    const { outcome, available, reason } = await adjust(db, adjustment)
    const status = statusOf(outcome, available ?? 0n)
    const account = accountBody(found(await findAccount(db, accountId), 'account'))
    const amount = formatCredits(credits)
    return reply
      .code(status)
      .send({ account, reference, credits: amount, request_id: requestId, reason })
  })
}

function readRequestId(id: string | undefined): string | null {
  if (id === undefined) return null
  if (!UUID.test(id)) throw invalidValue('request_id', 'request_id is not the id of a request.')
  return id
}

function statusOf(outcome: AdjustOutcome, available: bigint): 200 | 201 {
  switch (outcome) {
    case 'adjusted':
      return 201
    case 'repeated':
      return 200
    case 'conflict':
      throw conflict('This reference was used with other credits or another request.', 'reference')
    case 'overdraft': {
      const message = `No more than the ${formatCredits(available)} credits available can be taken.`
      throw new ProxyError('overdraft', { message, param: 'credits' })
    }
    case 'no_request':
      throw invalidValue('request_id', 'This account has no ended request with this id.')
    case 'too_much':
      throw invalidValue('credits', 'The account can not hold that many credits.')
    case 'no_account':
      throw notFound('account')
  }
}
