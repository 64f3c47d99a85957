import { randomUUIDv7 } from 'node:crypto'
import { type Static, Type } from '@sinclair/typebox'
import {
  createPrice,
  formatUsd,
  listPrices,
  type NewPrice,
  type PriceRow,
} from '../../store/prices.ts'
import { answer, listOf, Time, Usd } from '../answers.ts'
import { strictObject, Text, unread } from './fields.ts'
import { listBody, PageFields, readPage } from './paging.ts'
import { conflict } from './refusals.ts'
import type { AdminPlugin } from './type-provider.ts'
import { readTime, readUsd } from './values.ts'

const NewPriceBody = strictObject({
  provider: Text,
  model: Text,
  effective_from: Type.Optional(Type.String({ format: 'date-time' })),
  input: unread('USD per million tokens: a decimal string, such as "0.15".'),
  cached_input: Type.Optional(unread('Left out: that of `input`.')),
  output: unread('USD per million tokens.'),
  reasoning: Type.Optional(unread('Left out: that of `output`.')),
  request: Type.Optional(unread('USD a call, whatever its tokens. Left out: 0.')),
})

const PriceBody = answer('Price', 'USD per million tokens of a class; request: USD a call.', {
  id: Type.String({ format: 'uuid' }),
  provider: Type.String(),
  model: Type.String(),
  effective_from: Time,
  input: Usd,
  cached_input: Usd,
  output: Usd,
  reasoning: Usd,
  request: Usd,
  created_at: Time,
})

const Filter = strictObject({
  ...PageFields,
  provider: Type.Optional(Text),
  model: Type.Optional(Text),
})

const listSchema = {
  summary: 'List prices, newest entries first',
  querystring: Filter,
  answers: { 200: listOf(PriceBody) },
}
const enterSchema = {
  summary: "Enter a price of a provider's model",
  body: NewPriceBody,
  answers: { 200: PriceBody, 201: PriceBody },
}

/** `/admin/prices`: USD per million tokens. A price is never changed, a newer one is entered. */
export const priceRoutes: AdminPlugin = async (app) => {
  const { db } = app.database

  app.get('/prices', { schema: listSchema }, async ({ query }) => {
    const { provider, model } = query
    return listBody(await listPrices(db, { provider, model }, readPage(query, 'id')), priceBody)
  })

  app.post('/prices', { schema: enterSchema }, async ({ body }, reply) => {
    const answer = await createPrice(db, readPrice(body))
    if (answer.outcome === 'conflict') {
      throw conflict('This model has another price from the same time on.', 'effective_from')
    }
    return reply.code(answer.outcome === 'created' ? 201 : 200).send(priceBody(answer.price))
  })
}

function readPrice(body: Static<typeof NewPriceBody>): NewPrice {
  const input = readUsd('input', body.input)
  const output = readUsd('output', body.output)
  const price: NewPrice = {
    id: randomUUIDv7(),
    provider: body.provider,
    model: body.model,
    input,
    cachedInput:
      body.cached_input === undefined ? input : readUsd('cached_input', body.cached_input),
    output,
    reasoning: body.reasoning === undefined ? output : readUsd('reasoning', body.reasoning),
    request: body.request === undefined ? 0n : readUsd('request', body.request),
  }
  if (body.effective_from === undefined) return price
  return { ...price, effectiveFrom: readTime('effective_from', body.effective_from) }
}

function priceBody(price: PriceRow): Static<typeof PriceBody> {
  return {
    id: price.id,
    provider: price.provider,
    model: price.model,
    effective_from: price.effectiveFrom.toISOString(),
    input: formatUsd(price.input),
    cached_input: formatUsd(price.cachedInput),
    output: formatUsd(price.output),
    reasoning: formatUsd(price.reasoning),
    request: formatUsd(price.request),
    created_at: price.createdAt.toISOString(),
  }
}
