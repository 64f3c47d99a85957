import { type Static, Type } from '@sinclair/typebox'
import { modelOfName } from '../../domain/model-names.ts'
import { loadPriceCatalogue } from '../../prices/catalogue.ts'
import { applyImport, type ProviderImport, planImport } from '../../prices/import.ts'
import type { PlannedPrice } from '../../prices/plan.ts'
import { allModels, type Model } from '../../store/models.ts'
import { answer, Count, Time } from '../answers.ts'
import { nullable, oneOf, strictObject, Text } from './fields.ts'
import { TermsBody, termsBody } from './price-body.ts'
import { invalidValue } from './refusals.ts'
import type { AdminPlugin } from './type-provider.ts'
import { readTime } from './values.ts'

const ImportBody = strictObject({
  provider: Type.Optional(
    Type.String({ ...Text, description: "The provider's id in the catalogue. Left out: all." }),
  ),
  as: Type.Optional(
    Type.String({ ...Text, description: 'Its name here, where that is another one.' }),
  ),
  effective_from: Type.Optional(Type.String({ format: 'date-time' })),
  apply: Type.Optional(Type.Boolean({ description: 'Left out: false, which only compares.' })),
  replace_manual: Type.Optional(
    Type.Boolean({ description: 'Also what was entered by hand. Left out: false.' }),
  ),
})

const STATUSES = ['new', 'changed', 'same', 'manual', 'refused'] as const
const Terms = Type.Object(TermsBody)

const counts = Object.fromEntries(STATUSES.map((status) => [status, Count]))

const ImportAnswer = answer('PriceImport', 'A catalogue of prices, compared with those here.', {
  source: Type.String({ description: 'The catalogue: a package with its version.' }),
  applied: Type.Boolean(),
  effective_from: Time,
  counts: Type.Object(counts),
  not_entered: Type.Integer({
    minimum: 0,
    description: 'Of the new and changed ones: others were entered meanwhile.',
  }),
  prices: Type.Array(
    Type.Object({
      provider: Type.String(),
      model: Type.String(),
      status: oneOf(STATUSES.filter((status) => status !== 'same')),
      reason: nullable(Type.String({ description: 'Why it was refused.' })),
      effective_from: nullable(Time),
      price: nullable(Terms),
      before: nullable(Terms),
    }),
    { description: 'What is not the same.' },
  ),
  models: Type.Array(
    Type.Object({
      model: Type.String(),
      provider: Type.String(),
      upstream_model: Type.String(),
      priced_as: nullable(Type.String({ description: 'Null: its name is not in the catalogue.' })),
    }),
    { description: 'The routes to these providers, and whose price in the catalogue is theirs.' },
  ),
})

const schema = {
  summary: 'Import prices of the built-in catalogue, or compare them',
  body: ImportBody,
  answers: { 200: ImportAnswer },
}

/** `/admin/prices/import`: the prices of a public catalogue. */
export const priceImportRoutes: AdminPlugin = async (app) => {
  const { db } = app.database

  app.post('/prices/import', { schema }, async ({ body }) => {
    const { provider = null, as = null, apply = false, replace_manual = false } = body
    if (as !== null && provider === null) {
      throw invalidValue('as', 'A name is for one provider: say which with "provider".')
    }
    const asked = body.effective_from
    const effectiveFrom = asked === undefined ? null : readTime('effective_from', asked)
    const catalogue = await loadPriceCatalogue()
    const options = { provider, as, effectiveFrom, replaceManual: replace_manual }
    const plan = await planImport(db, catalogue, options)
    if (plan === null) {
      const known = catalogue.providers.map(({ id }) => id).join(', ')
      throw invalidValue('provider', `The catalogue has no such provider, but ${known}.`)
    }
    const { from, planned } = plan
    const { source } = catalogue
    const notEntered = apply ? await applyImport(db, source, planned) : 0
    const models = await allModels(db)
    return {
      source,
      applied: apply,
      effective_from: from.toISOString(),
      counts: countsOf(planned),
      not_entered: notEntered,
      prices: planned.flatMap(pricesBody),
      models: models.flatMap((model) => routesBody(model, planned)),
    }
  })
}

function countsOf(planned: readonly ProviderImport[]): Record<string, number> {
  const statuses = planned.flatMap(({ prices, offer }) => [
    ...prices.map(({ status }) => status),
    ...offer.refused.map(() => 'refused'),
  ])
  const count = (status: string) => statuses.filter((one) => one === status).length
  return Object.fromEntries(STATUSES.map((status) => [status, count(status)]))
}

type ImportedBody = Static<typeof ImportAnswer>['prices'][number]

function pricesBody({ provider, prices, offer }: ProviderImport): ImportedBody[] {
  return [
    ...prices.flatMap((one) => priceBody(provider, one)),
    ...offer.refused.map(
      ({ model, reason }): ImportedBody => ({
        provider,
        model,
        status: 'refused',
        reason,
        effective_from: null,
        price: null,
        before: null,
      }),
    ),
  ]
}

function priceBody(provider: string, planned: PlannedPrice): ImportedBody[] {
  const { model, status, effectiveFrom, price, before } = planned
  if (status === 'same') return []
  return [
    {
      provider,
      model,
      status,
      reason: status === 'refused' ? planned.reason : null,
      effective_from: effectiveFrom.toISOString(),
      price: termsBody(price),
      before: before && termsBody(before),
    },
  ]
}

/** Whose price each route of a model would have. */
function routesBody({ name, routes }: Model, planned: readonly ProviderImport[]) {
  return routes.flatMap(({ provider, upstreamModel }) => {
    const here = planned.filter((one) => one.provider === provider)
    if (here.length === 0) return []
    const rules = here.flatMap(({ offer }) => offer.rules)
    const own = here.some(({ prices }) => prices.some(({ model }) => model === upstreamModel))
    const priced = own ? upstreamModel : modelOfName(rules, upstreamModel)
    return [{ model: name, provider, upstream_model: upstreamModel, priced_as: priced }]
  })
}
