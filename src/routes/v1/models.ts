import { Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { allowsModel } from '../../domain/tier.ts'
import { ProxyError } from '../../errors.ts'

const ModelObject = Type.Object(
  {
    id: Type.String(),
    object: Type.Literal('model'),
    created: Type.Integer({ description: 'Unix seconds; 0 where nobody knows.' }),
    owned_by: Type.String(),
  },
  { title: 'ModelObject', description: 'A model, as OpenAI lists it.' },
)

const listSchema = {
  summary: 'List the models this key may use',
  answers: {
    200: Type.Object(
      { object: Type.Literal('list'), data: Type.Array(ModelObject) },
      { description: 'All of them; there are no pages.' },
    ),
  },
}
const getSchema = {
  summary: 'Read a model this key may use; its name may have slashes',
  answers: { 200: ModelObject },
}

/** GET /models and /models/{id}: what this key may use. Free, also without credits (W-9, W-10). */
export async function models(app: FastifyInstance): Promise<void> {
  const list = async (request: FastifyRequest) => {
    const { account } = request
    const catalogue = app.database.catalogue()
    const tier = catalogue.tiers.get(account.tier)
    const names = new Map<string, number>()
    for (const name of await app.upstreamModels()) names.set(name, 0)
    for (const { name, createdAt } of catalogue.models.values()) {
      names.set(name, Math.floor(createdAt.getTime() / 1000))
    }
    return [...names]
      .filter(([name]) => tier && allowsModel(tier.models, name))
      .filter(([name]) => allowsModel(account.keyModels, name))
      .map(([id, created]) => ({ id, object: 'model', created, owned_by: app.upstream.provider }))
  }

  app.get('/models', { schema: listSchema }, async (request) => ({
    object: 'list',
    data: await list(request),
  }))

  app.get<{ Params: { '*': string } }>('/models/*', { schema: getSchema }, async (request) => {
    const id = request.params['*']
    const model = (await list(request)).find((one) => one.id === id)
    if (model === undefined) throw new ProxyError('model_not_found', { param: 'model' })
    return model
  })
}
