import { and, asc, eq } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { MicroCredits } from '../../domain/credits.ts'
import { ledger, priceCorrections } from '../schema.ts'

/** What a price correction moved for one request; positive credits were given back. */
export type Repricing = {
  credits: MicroCredits
  reference: string
  reason: string
  createdAt: Date
}

/** The price corrections of a request, in order. */
export function repricingsOf(db: PostgresJsDatabase, requestId: string): Promise<Repricing[]> {
  return db
    .select({
      credits: ledger.amount,
      reference: priceCorrections.reference,
      reason: priceCorrections.reason,
      createdAt: ledger.createdAt,
    })
    .from(ledger)
    .innerJoin(priceCorrections, eq(priceCorrections.reference, ledger.reference))
    .where(and(eq(ledger.requestId, requestId), eq(ledger.kind, 'price_correction')))
    .orderBy(asc(ledger.createdAt))
}
