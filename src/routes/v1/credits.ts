import type { FastifyInstance } from 'fastify'
import { formatCredits } from '../../domain/credits.ts'
import { ProxyError } from '../../errors.ts'
import { readBalance } from '../../store/balance.ts'

/** GET /credits: what the account was given, has used, and has left. Decimal strings of credits. */
export async function credits(app: FastifyInstance): Promise<void> {
  app.get('/credits', async (request) => {
    const balance = await readBalance(app.database.db, request.account.id)
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
