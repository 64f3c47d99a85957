import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { settled } from '../../credit/settled.ts'
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

/**
 * GET /credits: what the account was given, has used, and has left; decimal strings of credits.
 * What an answer cost is settled a moment after its end, and is waited for.
 */
export async function credits(app: FastifyInstance): Promise<void> {
  app.get('/credits', { schema }, async ({ account, patience }) => {
    const { db, settlements } = app.database
    await patience.spend((withinMs) => settled(settlements, account.id, withinMs / 2))
    const balance = await patience.spend((ms) => timely(readBalance(db, account.id), ms))
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
