import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { type TSchema, Type } from '@sinclair/typebox'
import type { FastifySchema } from 'fastify'
import { CATALOGUE, type ErrorCode } from './errors.ts'

declare module 'fastify' {
  interface FastifySchema {
    /**
     * What is answered, by status. For the reference alone: Fastify would serialise by `response`.
     */
    answers?: Record<number, TSchema | MediaTypes>
    /** The body that is read. For the reference alone: Fastify would validate by `body`. */
    reads?: TSchema
    /** The query string that is read; likewise. */
    asks?: TSchema
    /** The headers that are read; likewise. */
    heeds?: TSchema
  }
}

/** An answer that is not just JSON: its forms by media type. */
export type MediaTypes = { description: string; content: Record<string, { schema: TSchema }> }

const DESCRIPTION = [
  'An OpenAI-compatible proxy with prepaid credits. Amounts are decimal strings in credits.',
  'Every answer has an `x-request-id`, which `/admin/requests/{id}` and `/v1/generation` know.',
].join(' ')

const TAGS = {
  'client API': 'What an OpenAI SDK calls, with an API key.',
  accounts: 'Who owns credits.',
  keys: 'API keys of an account, and their limits.',
  grants: 'Credits in, once a reference.',
  adjustments: 'Corrections of a balance, once a reference.',
  ledger: 'Every movement of credits.',
  tiers: 'What accounts may use and how fast, and the markup.',
  providers: 'Upstreams beside that of the environment.',
  doctor: 'What an upstream lacks, and what follows.',
  models: 'What bounds the calls of a model, and where they go.',
  prices: 'USD per million tokens, dated.',
  corrections: 'What was charged at a wrong price, put right.',
  requests: 'What became of each request.',
  usage: 'Sums of tokens and charges.',
  audit: 'The ledger, checked.',
  operations: 'Health, metrics and the log level.',
}

/** What guards a route, and where it is listed, by the beginning of its path. */
const AREAS = [
  { path: '/v1/', tag: 'client API', security: [{ apiKey: [] }, { azureKey: [] }, { xKey: [] }] },
  { path: '/admin/log-level', tag: 'operations', security: [{ adminToken: [] }] },
  { path: '/admin/', tag: null, security: [{ adminToken: [] }] },
  { path: '/metrics', tag: 'operations', security: [{ adminToken: [] }] },
  { path: '/', tag: 'operations', security: [] },
]

const KEY_TEXT = 'An API key: `tk_` and 38 letters and digits.'
const TOKEN_TEXT = '`ADMIN_TOKEN`, or what stands in `DATA_DIR/admin-token`.'
const SECURITY_SCHEMES = {
  apiKey: { type: 'http', scheme: 'bearer', description: KEY_TEXT },
  azureKey: { type: 'apiKey', in: 'header', name: 'api-key', description: KEY_TEXT },
  xKey: { type: 'apiKey', in: 'header', name: 'x-api-key', description: KEY_TEXT },
  adminToken: { type: 'http', scheme: 'bearer', description: TOKEN_TEXT },
} as const

/** The body of every error, and every code there is. */
const ErrorBody = Type.Object(
  {
    error: Type.Object({
      message: Type.String(),
      type: Type.String(),
      param: Type.Union([Type.String({ description: 'The field at fault.' }), Type.Null()]),
      code: Type.Union([
        Type.Unsafe<ErrorCode>({ type: 'string', enum: Object.keys(CATALOGUE) }),
        Type.Null({ description: 'No API key was sent.' }),
      ]),
    }),
  },
  { title: 'Error', description: 'What went wrong, in the shape of an OpenAI error.' },
)

/** The head of the OpenAPI document. */
export const DOCUMENT = {
  openapi: '3.1.0',
  info: {
    title: 'Tollkeeper',
    version: readVersion(),
    description: DESCRIPTION,
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  servers: [{ url: '/' }],
  tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
  components: { securitySchemes: SECURITY_SCHEMES },
}

type Route = { method: string | string[]; url: string; schema?: FastifySchema }

/**
 * A route as the reference shows it: what it reads and answers, who may call it, and where it is
 * listed.
 */
export function documented({ route }: { route: Route }) {
  const { answers, reads, asks, heeds, ...schema } = route.schema ?? {}
  const area = AREAS.find(({ path }) => route.url.startsWith(path))
  const url = route.url.replace('*', ':name') // OpenAPI has no wildcard
  return {
    url,
    schema: {
      ...schema,
      operationId: operationIdOf(`${route.method} ${url}`),
      tags: [area?.tag ?? resourceOf(url)],
      security: area?.security ?? [],
      ...(schema.params ? { params: withoutWildcard(schema.params) } : {}),
      ...(reads ? { body: reads } : {}),
      ...(asks ? { querystring: asks } : {}),
      ...(heeds ? { headers: heeds } : {}),
      response: { ...answers, default: ErrorBody },
    },
  }
}

/** `getAdminKeysId` of `GET /admin/keys/:id`. */
function operationIdOf(route: string): string {
  const [method = '', ...words] = route.split(/\W+/)
  const capital = (word: string) => word.slice(0, 1).toUpperCase() + word.slice(1)
  return method.toLowerCase() + words.map(capital).join('')
}

/** `keys` of `/admin/accounts/:id/keys` and of `/admin/keys/:id`. */
function resourceOf(url: string): string {
  return url.split('/').findLast((part) => Object.hasOwn(TAGS, part)) ?? ''
}

function withoutWildcard(params: unknown): unknown {
  const { '*': name, ...rest } = (params as { properties: Record<string, TSchema> }).properties
  return { type: 'object', properties: { ...rest, ...(name ? { name } : {}) } }
}

/** Lists every schema with a title once, under `components`, and refers to it from elsewhere. */
export function withComponents<T extends { paths?: unknown; components?: object }>(document: T): T {
  const schemas: Record<string, unknown> = {}
  const referring = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map(referring)
    const copy = Object.fromEntries(
      Object.entries(value).map(([key, one]) => [key, referring(one)]),
    )
    if (typeof copy.title !== 'string') return copy
    schemas[copy.title] = copy
    return { $ref: `#/components/schemas/${copy.title}` }
  }
  const paths = referring(document.paths)
  return { ...document, paths, components: { ...document.components, schemas } }
}

/** The version of this package, from source and from a build alike. */
function readVersion(): string {
  const file = findPackageJSON(import.meta.url)
  if (file === undefined) throw new Error('this file is in no package')
  return JSON.parse(readFileSync(file, 'utf8')).version
}
