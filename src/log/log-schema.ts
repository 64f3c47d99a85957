import { type Static, type TProperties, type TSchema, Type } from '@sinclair/typebox'
import { DETAIL_NAMES } from '../domain/usage/usage-details.ts'

const text = (description: string) => Type.String({ description })
const count = (description: string) => Type.Integer({ minimum: 0, description })
const oneOf = <T extends string>(values: readonly T[], description: string) =>
  Type.Union(
    values.map((value) => Type.Literal(value)),
    { description },
  )
const orNull = <T extends TSchema>(schema: T, when: string) =>
  Type.Union([schema, Type.Null({ description: when })])
const strict = <T extends TProperties>(properties: T, description: string) =>
  Type.Object(properties, { additionalProperties: false, description })

const ID = '[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'
const id = (prefix: string, description: string) =>
  Type.String({ pattern: `^${prefix}${ID}$`, description })
const credits = (description: string) =>
  Type.String({ pattern: '^[0-9]+(\\.[0-9]{1,6})?$', description })

const ENDINGS = [
  'completed',
  'client_gone',
  'upstream_error',
  'upstream_broken',
  'timed_out',
  'out_of_credits',
  'shutting_down',
] as const
const STAGES = [
  'auth',
  'body',
  'tier',
  'claim',
  'replay',
  'credit',
  'upstream',
  'answer',
  'finish',
  'ended',
] as const

const ErrorFacts = strict(
  {
    code: text('Its code in docs/errors.md.'),
    message: text('What the client was told, or would have been.'),
    causes: Type.Array(Type.String(), { description: 'What lies behind it, the nearest first.' }),
    stack: Type.Optional(
      orNull(text('Where it was thrown.'), 'There is none. Left out where the client is at fault.'),
    ),
  },
  'What went wrong.',
)

const UsageDetails = strict(
  {
    ...Type.Partial(
      Type.Object(
        Object.fromEntries(Object.values(DETAIL_NAMES).map((name) => [name, count('Tokens.')])),
      ),
    ).properties,
    tool_calls: Type.Optional(
      Type.Record(Type.String(), count('Calls.'), { description: 'Of hosted tools, by name.' }),
    ),
  },
  'Charged: tokens of other classes, parts of those above, and calls of hosted tools.',
)

const common = {
  status: Type.Integer({
    minimum: 100,
    maximum: 599,
    description: 'HTTP status; 499 where the client left before it.',
  }),
  error: orNull(ErrorFacts, 'Nothing went wrong.'),
  duration_ms: count('Milliseconds from the head of the request to the end of the answer.'),
  client_retries: orNull(count('Times the client has sent it before.'), 'It did not tell.'),
}

/** What is told of a request that held credits, beside what the logger adds. */
const HeldFacts = {
  account_id: id('acc_', 'Who pays.'),
  key_id: id('key_', 'With which API key.'),
  endpoint: text('The route.'),
  model: orNull(text('The model the client named.'), 'Not known.'),
  provider: orNull(text('Who served it.'), 'No upstream was chosen.'),
  base_url: orNull(text('Where the provider was called.'), 'No upstream was chosen.'),
  upstream_model: orNull(text("The model's name there."), 'No upstream was chosen.'),
  ...common,
  outcome: oneOf([...ENDINGS, 'refused', 'crashed'], 'How it ended.'),
  stage: oneOf(STAGES, 'Where it ended.'),
  attempts: count('Upstream calls.'),
  ttft_ms: orNull(count('Milliseconds to the first byte of the answer.'), 'There was none.'),
  stream: Type.Boolean({ description: 'A stream was asked for.' }),
  chunk_count: count('Events of the upstream that carried text.'),
  completion_length: count('Characters of text that were delivered.'),
  prompt_tokens: count('Charged.'),
  completion_tokens: count('Charged.'),
  cached_tokens: count('Charged; part of prompt_tokens.'),
  usage_details: orNull(UsageDetails, 'No other classes of tokens, and no calls of tools.'),
  usage_source: orNull(
    oneOf(['reported', 'estimated'], 'Whose count was charged: the upstream or ours.'),
    'Nothing was charged.',
  ),
  estimated_tokens: count('Our own count of all tokens, also where the upstream reported.'),
  hold: credits('Credits held at the end.'),
  charged: orNull(credits('Credits taken.'), 'Another process has settled it.'),
  uncollected: orNull(credits('Credits it cost beyond the hold.'), 'Likewise.'),
}

/** What is told of a request that held nothing: refused, free, or left before its hold. */
const UnheldFacts = {
  account_id: orNull(id('acc_', 'Who asked.'), 'It did not get as far as that, or needs no key.'),
  key_id: orNull(id('key_', 'With which API key.'), 'Likewise.'),
  endpoint: orNull(text('The route.'), 'There is no such route.'),
  ...common,
  outcome: oneOf(['completed', 'client_gone', 'refused'], 'How it ended.'),
  replay_of: orNull(id('', 'The request whose kept answer it was sent.'), 'It was no repeat.'),
}

/** What the logger adds to every line. */
const logged = {
  level: Type.Union([Type.Literal(30), Type.Literal(40), Type.Literal(50)], {
    description: '30: it went well. 40: it did not. 50: a refusal that is our own fault.',
  }),
  time: Type.String({ pattern: '^[0-9-]{10}T[0-9:.]{12}Z$', description: 'When it was over.' }),
  request_id: id('', 'The x-request-id of the answer, and the id of its record.'),
  msg: Type.Literal('request', { description: 'What tells this line from others.' }),
}

/** The canonical line: one a request. docs/log-schema.json is made from it. */
export const LogLineSchema = Type.Union(
  [
    strict({ ...logged, ...HeldFacts }, 'A request that held credits.'),
    strict({ ...logged, ...UnheldFacts }, 'A request that held none: refused, or free.'),
  ],
  {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: "Tollkeeper's canonical log line",
    description: 'One line a request. Never a prompt, an answer, a key or a header.',
  },
)

const [HeldObject, UnheldObject] = [Type.Object(HeldFacts), Type.Object(UnheldFacts)]
export type HeldLine = Static<typeof HeldObject>
export type UnheldLine = Static<typeof UnheldObject>
