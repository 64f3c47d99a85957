import { Type } from '@sinclair/typebox'
import { formatCredits } from '../../domain/credits.ts'
import { findAccount } from '../../store/accounts.ts'
import { type GrantOutcome, grantCredits } from '../../store/grants.ts'
import { answer, Credits } from '../answers.ts'
import { AccountBody, accountBody } from './account-body.ts'
import { pathId, strictObject, Text, unread } from './fields.ts'
import { readPathId } from './ids.ts'
import { conflict, found, invalidValue, notFound } from './refusals.ts'
import type { AdminPlugin } from './type-provider.ts'
import { readCredits } from './values.ts'

const NewGrant = strictObject({
  credits: unread('Credits, more than 0: a decimal string.'),
  reference: Text,
})

const GrantBody = answer('Grant', 'A grant, and the account with it.', {
  account: AccountBody,
  reference: Type.String(),
  credits: Credits,
})

const schema = {
  summary: 'Grant credits, once a reference',
  params: pathId('acc_'),
  body: NewGrant,
  answers: { 200: GrantBody, 201: GrantBody },
}

/** `/admin/accounts/:id/grants`: credits in, once a reference. */
export const grantRoutes: AdminPlugin = async (app) => {
  const { db } = app.database

  app.post('/accounts/:id/grants', { schema }, async ({ params, body }, reply) => {
    const accountId = readPathId('account', params.id)
    const { reference } = body
    const credits = readCredits('credits', body.credits)
    if (credits === 0n) throw invalidValue('credits', 'credits must be more than 0.')
    const outcome = await grantCredits(db, { accountId, reference, credits })
    const status = statusOf(outcome)
    const account = accountBody(found(await findAccount(db, accountId), 'account'))
    return reply.code(status).send({ account, reference, credits: formatCredits(credits) })
  })
}

function statusOf(outcome: GrantOutcome): 200 | 201 {
  switch (outcome) {
    case 'granted':
      return 201
    case 'repeated':
      return 200
    case 'conflict':
      throw conflict('This reference was used with other credits.', 'reference')
    case 'too_much':
      throw invalidValue('credits', 'The account can not hold that many credits.')
    case 'no_account':
      throw notFound('account')
  }
}
