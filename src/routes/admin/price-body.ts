import { type Static, Type } from '@sinclair/typebox'
import {
  CLASS_NAMES,
  type ClassAmounts,
  type ClassName,
  fillTerms,
  PART_NAMES,
  type PriceFields,
  type TermsOfHours,
} from '../../domain/prices/price-terms.ts'
import { parseTime } from '../../domain/prices/time-of-day.ts'
import { formatUsd } from '../../domain/prices/usd.ts'
import { columnsOf } from '../../store/prices/price-details.ts'
import type { PriceRow } from '../../store/prices/prices.ts'
import { answer, Time, Usd } from '../answers.ts'
import { strictObject, unread } from './fields.ts'
import { NAME } from './paging.ts'
import { invalidValue } from './refusals.ts'
import { readUsd } from './values.ts'

/** Steps, hours and tools that one price can have: more than any provider has. */
const STEPS_MAX = 16
const HOURS_MAX = 24
const TOOLS_MAX = 64

const PROMPT_TOKENS_MAX = 2_147_483_647

const optional = (description: string) => Type.Optional(unread(description))

const Parts = {
  cache_write: optional('Prompt tokens written to a cache. Left out: that of `input`.'),
  cache_write_1h: optional('Those written for an hour. Left out: that of `cache_write`.'),
  input_audio: optional('Audio in the prompt. Left out: that of `input`.'),
  cached_input_audio: optional('Cached audio. Left out: that of `input_audio`, if there is one.'),
  input_image: optional('Images in the prompt. Left out: that of `input`.'),
  cached_input_image: optional('Cached images. Left out: that of `input_image`, if there is one.'),
  output_audio: optional('Audio in the answer. Left out: that of `output`.'),
  output_image: optional('Images in the answer. Left out: that of `output`.'),
}

const Tools = Type.Record(Type.String(), unread('USD a call.'), {
  description: 'USD a call of a hosted tool, by the name that is reported: `web_search_call`.',
  maxProperties: TOOLS_MAX,
})

const OtherClasses = {
  input: optional('USD per million tokens. Left out, as all below: as the price itself has it.'),
  cached_input: optional('Left out: as the price itself has it.'),
  output: optional('Left out: as the price itself has it.'),
  reasoning: optional('Left out: as the price itself has it.'),
  ...Parts,
}

const Step = strictObject({
  above: Type.Integer({
    minimum: 0,
    maximum: PROMPT_TOKENS_MAX,
    description: 'Prompt tokens above which the whole call costs this.',
  }),
  ...OtherClasses,
})

const Steps = Type.Array(Step, { maxItems: STEPS_MAX, description: 'For long prompts.' })

const Hours = strictObject({
  from: Type.String({ description: 'When it begins every day, in UTC: `16:30`.' }),
  until: Type.String({ description: 'When it ends, exclusive; may be past midnight.' }),
  ...OtherClasses,
  request: optional('Left out: as the price itself has it.'),
  tools: Type.Optional(Tools),
  steps: Type.Optional(Steps),
})

/** The terms of a price as they are sent. */
export const TermsFields = {
  input: unread('USD per million tokens: a decimal string, such as "0.15".'),
  cached_input: optional('Left out: that of `input`.'),
  output: unread('USD per million tokens.'),
  reasoning: optional('Left out: that of `output`.'),
  request: optional('USD a call, whatever its tokens. Left out: 0.'),
  ...Parts,
  tools: Type.Optional(Tools),
  steps: Type.Optional(Steps),
  hours: Type.Optional(
    Type.Array(Hours, {
      maxItems: HOURS_MAX,
      description: 'Hours with another price, for calls that begin in them; the first decides.',
    }),
  ),
}

const parts = Type.Partial(
  Type.Object(Object.fromEntries(Object.keys(PART_NAMES).map((name) => [name, Usd]))),
)
const shown = { input: Usd, cached_input: Usd, output: Usd, reasoning: Usd, ...parts.properties }
const special = {
  tools: Type.Optional(Type.Record(Type.String(), Usd)),
  steps: Type.Optional(Type.Array(Type.Object({ above: Type.Integer(), ...shown }))),
}

/** The terms of a price as they are shown: what it says nothing of is left out. */
export const TermsBody = {
  ...shown,
  request: Usd,
  ...special,
  hours: Type.Optional(
    Type.Array(
      Type.Object({
        from: Type.String(),
        until: Type.String(),
        ...shown,
        request: Usd,
        ...special,
      }),
    ),
  ),
}

export const PriceBody = answer(
  'Price',
  'USD per million tokens of a class; request: USD a call.',
  {
    id: Type.String({ format: 'uuid' }),
    provider: Type.String(),
    model: Type.String(),
    effective_from: Time,
    ...TermsBody,
    source: Type.String({ description: '`manual`, or the catalogue it was imported from.' }),
    created_at: Time,
  },
)

const TermsObject = strictObject(TermsFields)
const DetailsObject = Type.Omit(Type.Object(TermsBody), [
  ...['input', 'cached_input', 'output', 'reasoning', 'request'],
] as const)
type SentTerms = Static<typeof TermsObject>

/** The columns of a price. @throws ProxyError invalid_value naming the field */
export function readTerms(sent: SentTerms) {
  const { hours = [], ...own } = sent
  const fields = readFields(own)
  return columnsOf(
    fillTerms(fields),
    hours.map((each, at) => readHours(own, each, `hours[${at}]`)),
  )
}

/** What hours leave out is as the price itself has it. */
function readHours(
  own: Omit<SentTerms, 'hours'>,
  { from, until, ...other }: Static<typeof Hours>,
  param: string,
): TermsOfHours {
  if (own.steps !== undefined && other.steps === undefined) {
    throw invalidValue(`${param}.steps`, 'Hours of a price that has steps must have their own.')
  }
  const usual = readFields(own)
  const theirs = readFields(other, `${param}.`)
  const tools = { ...usual.tools, ...theirs.tools }
  const terms = fillTerms({ ...usual, ...theirs, tools })
  const times = { from: readTimeOfDay(`${param}.from`, from), until: 0 }
  times.until = readTimeOfDay(`${param}.until`, until)
  if (times.from === times.until) throw invalidValue(`${param}.until`, 'These hours never come.')
  return { ...terms, ...times }
}

function readTimeOfDay(param: string, text: string): number {
  const second = parseTime(text)
  if (second === null) throw invalidValue(param, `${param} must be a time of day such as "16:30".`)
  return second
}

function readFields(sent: Partial<Omit<SentTerms, 'hours'>>, prefix = ''): PriceFields {
  const { request, tools, steps } = sent
  return {
    ...readClasses(sent, prefix),
    ...(request !== undefined && { request: readUsd(`${prefix}request`, request) }),
    ...(tools && { tools: readTools(tools, `${prefix}tools`) }),
    ...(steps && { steps: readSteps(steps, `${prefix}steps`) }),
  }
}

function readClasses(sent: { [name in ClassName]?: string }, prefix: string): ClassAmounts {
  const names = Object.keys({ ...CLASS_NAMES, ...PART_NAMES }) as ClassName[]
  const told = names.flatMap((name) => {
    const text = sent[name]
    return text === undefined ? [] : [[name, readUsd(`${prefix}${name}`, text)]]
  })
  return Object.fromEntries(told)
}

function readTools(tools: Record<string, string>, param: string): Record<string, bigint> {
  const entries = Object.entries(tools)
  if (!entries.every(([name]) => NAME.test(name))) {
    throw invalidValue(param, 'The name of a tool must be 1 to 256 printable characters.')
  }
  return Object.fromEntries(
    entries.map(([name, text]) => [name, readUsd(`${param}.${name}`, text)]),
  )
}

function readSteps(steps: Static<typeof Step>[], param: string) {
  const bounds = new Set(steps.map(({ above }) => above))
  if (bounds.size < steps.length) throw invalidValue(param, 'Each step must begin elsewhere.')
  return steps.map(({ above, ...other }, at) => ({
    above,
    ...readClasses(other, `${param}[${at}].`),
  }))
}

export function termsBody(price: Pick<PriceRow, keyof ReturnType<typeof columnsOf>>) {
  return {
    input: formatUsd(price.input),
    cached_input: formatUsd(price.cachedInput),
    output: formatUsd(price.output),
    reasoning: formatUsd(price.reasoning),
    request: formatUsd(price.request),
    ...(price.details as Static<typeof DetailsObject> | null),
  }
}

export function priceBody(price: PriceRow): Static<typeof PriceBody> {
  return {
    id: price.id,
    provider: price.provider,
    model: price.model,
    effective_from: price.effectiveFrom.toISOString(),
    ...termsBody(price),
    source: price.source,
    created_at: price.createdAt.toISOString(),
  }
}
