import { randomUUIDv7 } from 'node:crypto'
import { type Static, Type } from '@sinclair/typebox'
import { createPrice, listPrices, MANUAL, type NewPrice } from '../../store/prices/prices.ts'
import { listOf } from '../answers.ts'
import { strictObject, Text } from './fields.ts'
import { listBody, PageFields, readPage } from './paging.ts'
import { PriceBody, priceBody, readTerms, TermsFields } from './price-body.ts'
import { conflict } from './refusals.ts'
import type { AdminPlugin } from './type-provider.ts'
import { readTime } from './values.ts'

const NewPriceBody = strictObject({
  provider: Text,
  model: Text,
  effective_from: Type.Optional(Type.String({ format: 'date-time' })),
  ...TermsFields,
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
  const { provider, model, effective_from: from, ...terms } = body
  const price = { id: randomUUIDv7(), provider, model, source: MANUAL, ...readTerms(terms) }
  return from === undefined ? price : { ...price, effectiveFrom: readTime('effective_from', from) }
}
