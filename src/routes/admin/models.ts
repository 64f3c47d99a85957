import { type Static, Type } from '@sinclair/typebox'
import type { ModelLimits } from '../../domain/bounds.ts'
import {
  deleteModel,
  findModel,
  listModels,
  type Model,
  type NewRoute,
  putModel,
} from '../../store/models.ts'
import { breaksProviderReference } from '../../store/providers.ts'
import { storable } from '../../store/request-record.ts'
import { answer, Limit, listOf, Time } from '../answers.ts'
import { nullable, strictObject, Text, TokenCount } from './fields.ts'
import { listBody, NAME, PageFields, readPage } from './paging.ts'
import { found, invalidValue } from './refusals.ts'
import type { AdminPlugin } from './type-provider.ts'

/** A wildcard, because names of models have slashes and colons. */
const Name = strictObject({ '*': Type.String({ description: 'May have slashes.' }) })

const RouteSettings = strictObject({
  provider: Text,
  /** Left out: the model's own name. */
  upstream_model: Type.Optional(Text),
  priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000 })),
  weight: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
})

const Settings = strictObject({
  routes: Type.Optional(Type.Array(RouteSettings, { maxItems: 32 })),
  context_window: Type.Optional(nullable(TokenCount)),
  max_output_tokens: Type.Optional(nullable(TokenCount)),
  hold_output_tokens: Type.Optional(nullable(TokenCount)),
})

const ModelBody = answer('Model', 'A model, what bounds its calls, and where they go.', {
  name: Type.String(),
  context_window: Limit,
  max_output_tokens: Limit,
  hold_output_tokens: Limit,
  routes: Type.Array(
    Type.Object({
      provider: Type.String(),
      priority: Type.Integer({ description: 'Lower ones first.' }),
      weight: Type.Integer({ description: 'Share among equal priorities.' }),
      upstream_model: Type.String(),
    }),
  ),
  created_at: Time,
})

const listSchema = {
  summary: 'List models by name',
  querystring: strictObject(PageFields),
  answers: { 200: listOf(ModelBody) },
}
const getSchema = { summary: 'Read a model', params: Name, answers: { 200: ModelBody } }
const putSchema = {
  summary: 'Make a model, or replace it',
  params: Name,
  body: Settings,
  answers: { 200: ModelBody },
}
const deleteSchema = { ...getSchema, summary: 'Delete a model with its routes' }

/** `/admin/models`: what bounds the calls of a model. */
export const modelRoutes: AdminPlugin<{ environment: string }> = async (app, { environment }) => {
  const { db } = app.database
  const modelBody = (model: Model) => bodyOf(model, environment)

  app.get('/models', { schema: listSchema }, async ({ query }) =>
    listBody(await listModels(db, readPage(query, 'name')), modelBody),
  )

  app.get('/models/*', { schema: getSchema }, async ({ params }) =>
    modelBody(found(await findModel(db, storable(params['*'])), 'model')),
  )

  app.put('/models/*', { schema: putSchema }, async ({ params, body }) => {
    const name = readName(params['*'])
    const routes = readRoutes(name, body)
    try {
      await putModel(db, { name, ...readLimits(body), routes }, environment)
    } catch (error) {
      if (!breaksProviderReference(error)) throw error
      throw invalidValue('routes', 'A route names a provider that does not exist.')
    }
    return modelBody(found(await findModel(db, name), 'model'))
  })

  app.delete('/models/*', { schema: deleteSchema }, async ({ params }) =>
    modelBody(found(await deleteModel(db, storable(params['*'])), 'model')),
  )
}

function readName(name: string): string {
  if (NAME.test(name)) return name
  throw invalidValue('name', 'The name of a model must be 1 to 256 printable characters.')
}

function readRoutes(name: string, { routes = [] }: Static<typeof Settings>): NewRoute[] {
  const read = routes.map((route) => ({
    provider: route.provider,
    upstreamModel: route.upstream_model ?? name,
    priority: route.priority ?? 0,
    weight: route.weight ?? 1,
  }))
  const distinct = new Set(
    read.map((route) => JSON.stringify([route.provider, route.upstreamModel])),
  )
  if (distinct.size === read.length) return read
  throw invalidValue('routes', 'Two routes lead to the same model of the same provider.')
}

/** What is left out is unknown: PUT names the whole model. */
function readLimits(body: Static<typeof Settings>): ModelLimits {
  return {
    contextWindow: body.context_window ?? null,
    maxOutputTokens: body.max_output_tokens ?? null,
    holdOutputTokens: body.hold_output_tokens ?? null,
  }
}

/** A route to the environment's provider has the name that provider has here. */
function bodyOf(model: Model, environment: string): Static<typeof ModelBody> {
  return {
    name: model.name,
    context_window: model.contextWindow,
    max_output_tokens: model.maxOutputTokens,
    hold_output_tokens: model.holdOutputTokens,
    routes: model.routes.map(({ provider, source, upstreamModel, priority, weight }) => ({
      provider: source === 'env' ? environment : provider,
      priority,
      weight,
      upstream_model: upstreamModel,
    })),
    created_at: model.createdAt.toISOString(),
  }
}
