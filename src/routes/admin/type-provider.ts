import type { Static, TSchema } from '@sinclair/typebox'
import type {
  FastifyPluginAsync,
  FastifyPluginOptions,
  FastifyTypeProvider,
  RawServerDefault,
} from 'fastify'

/** Gives handlers the types of their TypeBox schemas. */
interface TypeBoxTypeProvider extends FastifyTypeProvider {
  validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown
  serializer: this['schema'] extends TSchema ? Static<this['schema']> : unknown
}

/** The routes of one resource. */
export type AdminPlugin<Options extends FastifyPluginOptions = FastifyPluginOptions> =
  FastifyPluginAsync<Options, RawServerDefault, TypeBoxTypeProvider>
