import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { formatCredits } from '../../domain/credits.ts'
import { ProxyError } from '../../errors.ts'
import { readBalance } from '../../store/balance.ts'
import { timely } from '../../store/timely.ts'
import { Credits } from '../answers.ts'

const schema = {
  summary: 'What the account was given, has used, and has left',
  answers: {
    200: Type.Object(
      {
        data: Type.Object({
          total_credits: Credits,
          total_usage: Credits,
          held: Credits,
          available: Credits,
        }),
      },
      { description: 'The balance; `held` is reserved for running requests.' },
    ),
  },
}

/** GET /credits: what the account was given, has used, and has left. Decimal strings of credits. */
export async function credits(app: FastifyInstance): Promise<void> {
  app.get('/credits', { schema }, async (request) => {
    const balance = await timely(readBalance(app.database.db, request.account.id))
    if (balance === null) throw new ProxyError('not_found')
    const { posted, held, granted } = balance
    return {
      data: {
        total_credits: formatCredits(granted),
        total_usage: formatCredits(granted - posted),
        held: formatCredits(held),
        available: formatCredits(posted - held),
      },
    }
  })
}
