import { type Static, Type } from '@sinclair/typebox'
import { applyCorrection } from '../../correction/apply.ts'
import { type CorrectionFigures, reportCorrection } from '../../correction/report.ts'
import { formatCredits } from '../../domain/credits.ts'
import { ProxyError } from '../../errors.ts'
import type { AccountCorrection } from '../../store/prices/correction-totals.ts'
import type { CorrectedSpan } from '../../store/prices/price-corrections.ts'
import { AccountId, answer, Count, Credits, Time } from '../answers.ts'
import { nullable, oneOf, strictObject, Text, unread } from './fields.ts'
import { formatId } from './ids.ts'
import { conflict, invalidValue } from './refusals.ts'
import type { AdminPlugin } from './type-provider.ts'
import { readTime } from './values.ts'

const NewCorrectionBody = strictObject({
  provider: Text,
  model: Type.String({ ...Text, description: "The provider's own name for it." }),
  from: unread('A time, in UTC unless it names a zone: requests that began then or later.'),
  to: Type.Optional(unread('A time: requests that began before it. Left out: all of them.')),
  reference: Type.Optional(Type.String({ ...Text, description: 'A report needs none.' })),
  reason: Type.Optional(Type.String({ ...Text, description: 'Likewise.' })),
  apply: Type.Optional(Type.Boolean({ description: 'Left out: false, which only reports.' })),
})

const Sums = {
  requests: Count,
  charged: Credits,
  cost: Credits,
  given: Credits,
  taken: Credits,
  uncollected: Credits,
}

const STATES = ['report', 'running', 'done'] as const

const CorrectionBody = answer('PriceCorrection', 'Requests at the prices that were right.', {
  state: oneOf(STATES),
  provider: Type.String(),
  model: Type.String(),
  from: Time,
  to: nullable(Time),
  reference: nullable(Type.String()),
  reason: nullable(Type.String()),
  accounts: Count,
  ...Sums,
  left_alone: Type.Integer({
    minimum: 0,
    description: 'Requests without a price in force, or that crashed without a usage.',
  }),
  assumed_markups: Type.Integer({
    minimum: 0,
    description: "Requests of older servers, priced with the markup of their account's tier now.",
  }),
  largest: Type.Array(Type.Object({ account_id: AccountId, ...Sums }), {
    description: 'The 20 accounts that it moves most.',
  }),
})

const schema = {
  summary: 'Correct what requests were charged at a wrong price, or report what that would do',
  body: NewCorrectionBody,
  answers: { 200: CorrectionBody, 201: CorrectionBody, 202: CorrectionBody },
}

/**
 * `/admin/corrections`: requests at the prices that are right by now. 200 is a report, or what was
 * done before; 201 is done; 202 wants to be called again, to go on.
 */
export const correctionRoutes: AdminPlugin = async (app) => {
  const { db } = app.database

  app.post('/corrections', { schema }, async ({ body }, reply) => {
    const { reference = null, reason = null } = body
    const span = readSpan(body)
    if (!body.apply) {
      const figures = await reportCorrection(db, span)
      if (figures) return correctionBody('report', { ...span, reference, reason }, figures)
      throw invalidValue('from', 'This is about more than 100,000 accounts: take a shorter time.')
    }
    if (reference === null) throw missing('reference')
    if (reason === null) throw missing('reason')
    const applied = await applyCorrection(db, { ...span, reference, reason })
    if (applied.outcome === 'conflict') {
      throw conflict('This reference was used for another price correction.', 'reference')
    }
    const { outcome, isNew, correction, figures } = applied
    reply.code(outcome === 'running' ? 202 : isNew ? 201 : 200)
    return correctionBody(outcome, correction, figures)
  })
}

function missing(param: string): ProxyError {
  return new ProxyError('missing_required_parameter', { param, message: `${param} is required.` })
}

function readSpan({ provider, model, ...body }: Static<typeof NewCorrectionBody>): CorrectedSpan {
  const since = readTime('from', body.from)
  const until = body.to === undefined ? null : readTime('to', body.to)
  if (until && until <= since) throw invalidValue('to', 'to must be later than from.')
  return { provider, model, since, until }
}

type Shown = CorrectedSpan & { reference: string | null; reason: string | null }

function correctionBody(
  state: (typeof STATES)[number],
  { provider, model, since, until, reference, reason }: Shown,
  { totals, largest, leftAlone, assumedMarkups }: CorrectionFigures,
): Static<typeof CorrectionBody> {
  return {
    state,
    provider,
    model,
    from: since.toISOString(),
    to: until?.toISOString() ?? null,
    reference,
    reason,
    accounts: totals.accounts,
    ...sumsBody(totals),
    left_alone: leftAlone,
    assumed_markups: assumedMarkups,
    largest: largest.map((account) => ({
      account_id: formatId('account', account.accountId),
      ...sumsBody(account),
    })),
  }
}

function sumsBody({ requests, ...sums }: Omit<AccountCorrection, 'accountId'>) {
  const { charged, cost, given, due, taken } = sums
  return {
    requests,
    charged: formatCredits(charged),
    cost: formatCredits(cost),
    given: formatCredits(given),
    taken: formatCredits(taken),
    uncollected: formatCredits(due - taken),
  }
}
