import { Type } from '@sinclair/typebox'
import { formatCredits } from '../../domain/credits.ts'
import { findAccount } from '../../store/accounts.ts'
import { type GrantOutcome, grantCredits } from '../../store/grants.ts'
import { accountBody } from './account-body.ts'
import { strictObject, Text, Unread } from './fields.ts'
import { readPathId } from './ids.ts'
import { conflict, found, invalidValue, notFound } from './refusals.ts'
import type { AdminPlugin } from './type-provider.ts'
import { readCredits } from './values.ts'

const Id = strictObject({ id: Type.String() })
const NewGrant = strictObject({ credits: Unread, reference: Text })

/** `/admin/accounts/:id/grants`: credits in, once a reference. */
export const grantRoutes: AdminPlugin = async (app) => {
  const { db } = app.database
  const schema = { params: Id, body: NewGrant }

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
