import type postgres from 'postgres'
import { auditLedger } from '../src/store/audit/audit.ts'
import { type Entry, NO_ENTRY, readBooks } from './books.ts'
import type { Seen } from './client.ts'
import { tokensOf } from './orders.ts'
import type { Call } from './sandbox.ts'
import { deviationOf, type Truth, truthOf } from './truth.ts'

/** Micro-credits of a token: 10 credits for 1,000, the default of a model without a price. */
const MICRO_PER_TOKEN = 10_000n

/** What a finding counts as; `other` is a promise broken that has no column of its own. */
export type Kind = 'lost' | 'double' | 'overdraft' | 'stuck' | 'deviation' | 'other'

export type Finding = { kind: Kind; what: string }

export type Verdict = {
  admitted: number
  findings: Finding[]
  /** Tokens by which a charge missed the truth at most, beyond what a crash allows. */
  deviation: number
  /** Tokens by which a crash missed a cut stream at most; up to its allowance that is right. */
  crashMiss: number
  /** Admitted requests that were settled by somebody else, as crashed. */
  swept: number
  /** Of those, how many were corrected by a late result. */
  late: number
  /** Attempts that were left for another route, and the tokens they cost the operator. */
  givenUp: { attempts: number; tokens: number }
}

type Evidence = {
  seen: readonly Seen[]
  calls: readonly Call[]
  sql: postgres.Sql
  isExcused(seen: Seen, call: Call | undefined): boolean
  /** Whether its upstream may have died with what it knew of it. */
  isForgotten?(seen: Seen): boolean
  /** Micro-credits of a token, where providers differ. */
  microPerToken?(provider: string | null): bigint
}

/** Compares the books with the ground truth, request by request. */
export async function judge(evidence: Evidence): Promise<Verdict> {
  const { seen, calls, sql, isExcused, isForgotten = () => false } = evidence
  const books = await readBooks(sql)
  const callsOf = Map.groupBy(calls, ({ user }) => user)
  const verdict: Verdict = {
    admitted: 0,
    findings: [],
    deviation: 0,
    crashMiss: 0,
    swept: 0,
    late: 0,
    givenUp: { attempts: 0, tokens: 0 },
  }
  const known = new Set<string>()
  for (const one of seen) {
    const tried = callsOf.get(one.order.mark) ?? []
    const entry = books.get(one.id ?? tried[0]?.requestId ?? '') ?? NO_ENTRY
    const call = tried.find(({ upstream = entry.provider }) => upstream === entry.provider)
    const isUnknown = call === undefined && isForgotten(one)
    const truth = truthOf(one, call, isUnknown)
    countGivenUp(verdict, tried, call)
    if (!isExcused(one, call)) verdict.findings.push({ kind: 'other', what: told(one) })
    if (truth.id === null) continue
    known.add(truth.id)
    const written = isUnknown ? one.order.tokens : call?.completionTokens
    if (one.ending === 'complete' && tokensOf(one.characters) !== written) {
      verdict.findings.push({ kind: 'other', what: `not all of the text: ${told(one)}` })
    }
    const { microPerToken = () => MICRO_PER_TOKEN } = evidence
    const charged = tokensCharged(one, entry, microPerToken(entry.provider))
    judgeRequest(verdict, one, truth, entry, charged)
  }
  verdict.findings.push(...unknownCharges(books, known), ...repeatedCalls(calls))
  const { violations } = await auditLedger(sql)
  for (const { rule, accountId, subject } of violations) {
    const what = `the audit found ${rule} violated at account ${accountId}, ${subject}`
    verdict.findings.push({ kind: 'other', what })
  }
  return verdict
}

function countGivenUp({ givenUp }: Verdict, tried: readonly Call[], call: Call | undefined): void {
  for (const other of tried.filter((one) => one !== call)) {
    givenUp.attempts += 1
    givenUp.tokens += other.completionTokens
  }
}

function judgeRequest(
  verdict: Verdict,
  seen: Seen,
  truth: Truth,
  entry: Entry,
  charged: number,
): void {
  const find = (kind: Kind, what: string) =>
    verdict.findings.push({ kind, what: `${what}: ${told(seen)}, ${booked(entry)}` })
  const deviation = deviationOf(charged, truth)
  if (truth.admitted) verdict.admitted += 1
  if (truth.admitted && entry.outcome === 'crashed') verdict.swept += 1
  if (entry.lateCharges > 0) verdict.late += 1
  if (truth.admitted && entry.records === 0) find('lost', 'no record')
  if (entry.records > 1 || entry.charges > 1 || entry.lateCharges > 1) find('double', 'twice')
  if (seen.ending === 'complete' && charged < truth.least) {
    find('lost', `charged ${charged} of ${truth.least} tokens`)
  } else if (deviation > truth.allowance) {
    verdict.deviation = Math.max(verdict.deviation, deviation - truth.allowance)
    find('deviation', `charged ${charged} tokens, not ${truth.least} to ${truth.most}`)
  } else {
    verdict.crashMiss = Math.max(verdict.crashMiss, deviation)
  }
}

/** An account that has run dry owes nothing more: what could not be collected is its part. */
function tokensCharged({ account }: Seen, entry: Entry, microPerToken: bigint): number {
  const { charged, uncollected } = entry
  const cost = account.isPoor ? charged + uncollected : charged
  return Number((cost * 100n) / microPerToken) / 100
}

function unknownCharges(books: Map<string, Entry>, known: Set<string>): Finding[] {
  return [...books]
    .filter(([id, { charged }]) => charged !== 0n && !known.has(id))
    .map(([id, entry]) => ({
      kind: 'other',
      what: `request ${id}, of which nobody knows, ${booked(entry)}`,
    }))
}

function repeatedCalls(calls: readonly Call[]): Finding[] {
  return calls
    .filter(({ id, requestId }) => id !== requestId)
    .map(({ id }) => ({ kind: 'double', what: `the upstream was asked twice: ${id}` }))
}

function told(seen: Seen): string {
  const { order, instance, ending, code, status, sentAt, endedAt, id, characters } = seen
  const what = order.stream ? 'a stream' : 'an answer'
  const at = `${new Date(sentAt).toISOString()} + ${(endedAt ?? 0) - sentAt} ms`
  const end = `${ending} (${status ?? 'no head'}${code === null ? '' : `, ${code}`})`
  const read = `${tokensOf(characters)} of ${order.tokens} tokens`
  return `${what} of ${instance.name} ended ${end} at ${at} with ${read}, ${order.mark} ${id}`
}

function booked({ records, outcome, charges, lateCharges, charged }: Entry): string {
  const entries = `${charges} charges and ${lateCharges} late ones of ${charged} in all`
  return `has ${records} records (${outcome}), ${entries}`
}
