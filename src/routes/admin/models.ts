import { type Static, Type } from '@sinclair/typebox'
import type { ModelLimits } from '../../domain/bounds.ts'
import type { Model } from '../../store/catalogue.ts'
import { deleteModel, findModel, listModels, putModel } from '../../store/models.ts'
import { storable } from '../../store/request-record.ts'
import { nullable, strictObject, TokenCount } from './fields.ts'
import { listBody, NAME, PageFields, readPage } from './paging.ts'
import { found, invalidValue } from './refusals.ts'
import type { AdminPlugin } from './type-provider.ts'

/** A wildcard, because names of models have slashes and colons. */
const Name = strictObject({ '*': Type.String() })

const Settings = strictObject({
  context_window: Type.Optional(nullable(TokenCount)),
  max_output_tokens: Type.Optional(nullable(TokenCount)),
  hold_output_tokens: Type.Optional(nullable(TokenCount)),
})

/** `/admin/models`: what bounds the calls of a model. */
export const modelRoutes: AdminPlugin = async (app) => {
  const { db } = app.database

  app.get('/models', { schema: { querystring: strictObject(PageFields) } }, async ({ query }) =>
    listBody(await listModels(db, readPage(query, 'name')), modelBody),
  )

  app.get('/models/*', { schema: { params: Name } }, async ({ params }) =>
    modelBody(found(await findModel(db, storable(params['*'])), 'model')),
  )

  app.put('/models/*', { schema: { params: Name, body: Settings } }, async ({ params, body }) => {
    const name = readName(params['*'])
    return modelBody(await putModel(db, { name, ...readLimits(body) }))
  })

  app.delete('/models/*', { schema: { params: Name } }, async ({ params }) =>
    modelBody(found(await deleteModel(db, storable(params['*'])), 'model')),
  )
}

function readName(name: string): string {
  if (NAME.test(name)) return name
  throw invalidValue('name', 'The name of a model must be 1 to 256 printable characters.')
}

/** What is left out is unknown: PUT names the whole model. */
function readLimits(body: Static<typeof Settings>): ModelLimits {
  return {
    contextWindow: body.context_window ?? null,
    maxOutputTokens: body.max_output_tokens ?? null,
    holdOutputTokens: body.hold_output_tokens ?? null,
  }
}

function modelBody(model: Model) {
  return {
    name: model.name,
    context_window: model.contextWindow,
    max_output_tokens: model.maxOutputTokens,
    hold_output_tokens: model.holdOutputTokens,
    created_at: model.createdAt.toISOString(),
  }
}
