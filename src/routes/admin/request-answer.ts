import { Type } from '@sinclair/typebox'
import { PART_NAMES } from '../../domain/prices/price-terms.ts'
import type { Stage } from '../../request/timeline.ts'
import type { Outcome } from '../../store/request-record.ts'
import { AccountId, answer, Count, Credits, KeyId, RequestId, Time } from '../answers.ts'
import { nullable, oneOf } from './fields.ts'
import { UsageDetailsBody } from './usage-details-body.ts'

const outcomes: Record<Outcome, true> = {
  completed: true,
  client_gone: true,
  upstream_error: true,
  upstream_broken: true,
  timed_out: true,
  out_of_credits: true,
  refused: true,
  shutting_down: true,
  crashed: true,
}
export const OUTCOMES = Object.keys(outcomes) as Outcome[]

const stages: Record<Stage, true> = {
  auth: true,
  body: true,
  tier: true,
  claim: true,
  replay: true,
  credit: true,
  upstream: true,
  answer: true,
  finish: true,
  ended: true,
}
const STAGES = Object.keys(stages) as Stage[]

const Name = nullable(Type.String())
const Milliseconds = Type.Integer({ minimum: 0 })

const AttemptBody = Type.Object(
  {
    provider: Type.String(),
    base_url: Type.String(),
    upstream_model: Type.Optional(
      Type.String({ description: "The model's name there; records of older versions lack it." }),
    ),
    status: nullable(Type.Integer({ description: 'Null when it never answered.' })),
    error_code: nullable(Type.String()),
    duration_ms: Milliseconds,
  },
  { description: 'One try at an upstream.' },
)

const ErrorBody = Type.Object({
  code: nullable(Type.String()),
  message: Type.Optional(Type.String()),
  stack: Type.Optional(Name),
  causes: Type.Optional(Type.Array(Type.String())),
})

/** Who asked, for what: known from the start. */
const IDENTITY = { id: RequestId, account_id: AccountId, key_id: KeyId, created_at: Time }

export const EndedRequestBody = answer('EndedRequest', 'The record of a request that ended.', {
  ...IDENTITY,
  state: oneOf(['settled', 'released']),
  endpoint: Type.String(),
  model: Name,
  provider: Name,
  base_url: Name,
  upstream_model: Name,
  stream: Type.Boolean(),
  status: Type.Integer(),
  outcome: oneOf(OUTCOMES),
  stage: oneOf(STAGES),
  stages: Type.Partial(
    Type.Object(Object.fromEntries(STAGES.map((stage) => [stage, Milliseconds]))),
    { description: 'Milliseconds from the start at which it entered each stage.' },
  ),
  attempts: Type.Array(AttemptBody),
  slices: Count,
  error: nullable(ErrorBody),
  ttft_ms: nullable(Milliseconds),
  duration_ms: Milliseconds,
  chunk_count: Count,
  completion_length: Count,
  prompt_tokens: Count,
  completion_tokens: Count,
  cached_tokens: Count,
  reasoning_tokens: Count,
  usage_details: UsageDetailsBody,
  usage_source: nullable(oneOf(['reported', 'estimated'])),
  estimated_tokens: Count,
  price_id: nullable(Type.String({ format: 'uuid' })),
  markup_ppm: nullable(
    Type.String({ description: 'Parts per million; null where nothing was held, and long ago.' }),
  ),
  fallback_per_1000_tokens: nullable(
    Type.String({ description: 'Credits per 1,000 tokens, where no price was known.' }),
  ),
  hold: Credits,
  charged: Credits,
  uncollected: Credits,
  created_at: { ...Time, description: 'When it was recorded: at its end. Its id tells its start.' },
})

const CorrectionOfRequest = Type.Object({
  credits: Credits,
  reference: Type.String(),
  reason: Type.String(),
  created_at: Time,
})

export const RequestStoryBody = answer('RequestStory', 'A request that ended, and what followed.', {
  ...EndedRequestBody.properties,
  adjustments: Type.Array(CorrectionOfRequest, {
    description: 'What an operator corrected since; `charged` stays what was charged.',
  }),
  price_corrections: Type.Array(CorrectionOfRequest, {
    description: 'What a corrected price gave back or took; positive is given back.',
  }),
})

const Nano = Type.String({ description: 'Nano-credits: a decimal string.' })
const parts = Type.Partial(
  Type.Object(Object.fromEntries(Object.keys(PART_NAMES).map((name) => [name, Nano]))),
)
const classes = { input: Nano, cached_input: Nano, output: Nano, reasoning: Nano }
const amounts = { ...classes, ...parts.properties }
const RateBody = Type.Object(
  {
    ...amounts,
    request: Nano,
    tools: Type.Optional(Type.Record(Type.String(), Nano)),
    steps: Type.Optional(Type.Array(Type.Object({ above: Count, ...amounts }))),
  },
  { description: 'Per million tokens of a class; request: a call.' },
)

export const RunningRequestBody = answer(
  'RunningRequest',
  'The hold of a request that runs, and the terms pinned on it.',
  {
    ...IDENTITY,
    state: Type.Literal('running'),
    hold: Credits,
    metered: Credits,
    endpoint: Type.String(),
    model: Type.String(),
    provider: Type.String(),
    base_url: Type.String(),
    upstream_model: Type.String(),
    stream: Type.Boolean(),
    price_id: nullable(Type.String({ format: 'uuid' })),
    markup_ppm: Type.String({ description: 'Parts per million.' }),
    rate: RateBody,
  },
)
