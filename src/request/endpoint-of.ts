import type { FastifyRequest } from 'fastify'
import type { Endpoint } from '../endpoints/endpoint.ts'
import type { MeteredRequest } from '../wire/requests/metered-request.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a metered route serves. */
    endpoint?: Endpoint
  }
}

/** The endpoint of a request to a metered route. */
export function endpointOf({ routeOptions }: FastifyRequest): Endpoint {
  const { endpoint } = routeOptions.config
  if (endpoint === undefined) throw new Error(`${routeOptions.url} is not a metered route`)
  return endpoint
}

/** The body of a request to a metered route, as its endpoint has read it. */
export function bodyOf({ body }: FastifyRequest): MeteredRequest {
  return body as MeteredRequest
}
