import type { Proxy as Tollkeeper } from '../harness/proxy.ts'

/** What the ledger took for a request, by kind: micro-credits, below 0 what was given back. */
export async function ledgerOf(
  { sql }: Tollkeeper,
  requestId: string,
): Promise<[string, number][]> {
  const entries = await sql`
    select kind, -amount as taken from ledger where request_id = ${requestId} order by seq`
  return entries.map(({ kind, taken }) => [kind, Number(taken)])
}
