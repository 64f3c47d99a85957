import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { DOCUMENT, documented, withComponents } from '../src/reference.ts'
import { requireAdminToken } from '../src/secrets/admin-token.ts'

/** Nothing from elsewhere; swagger-ui writes styles into its elements. */
const CONTENT_SECURITY_POLICY = {
  'default-src': "'self'",
  'style-src': "'self' 'unsafe-inline'",
  'img-src': "'self' data:",
  'frame-ancestors': "'none'",
}

type ReferenceOptions = {
  /** The admin token; `off` serves no reference. */
  token: string
  /** On the public port it needs the token. */
  isPublic: boolean
}

/**
 * The reference of all routes registered after it: `/docs` to read and try, `/docs/json` as
 * OpenAPI.
 */
async function reference(app: FastifyInstance, options: ReferenceOptions): Promise<void> {
  const { token, isPublic } = options
  if (token === 'off') return
  await app.register(swagger, {
    openapi: DOCUMENT,
    transform: documented,
    transformObject: (built) =>
      'openapiObject' in built ? withComponents(built.openapiObject) : built.swaggerObject,
  })
  await app.register(async (docs) => {
    if (isPublic) docs.addHook('onRequest', requireAdminToken(token, { browsers: true }))
    await docs.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: CONTENT_SECURITY_POLICY,
      theme: { title: 'Tollkeeper' },
      uiConfig: { layout: 'BaseLayout' }, // there is one document, and so nothing to explore
    })
  })
}

export default fp(reference, { name: 'reference', dependencies: ['errors'] })
