import { expect } from 'vitest'
import type { Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ADMIN_TOKEN } from '../harness/secrets.ts'

/** A JSON schema, as far as the reference uses it. */
export type Schema = {
  $ref?: string
  type?: string | string[]
  enum?: unknown[]
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean | Schema
  patternProperties?: Record<string, Schema>
  items?: Schema
}

export type Operation = {
  operationId: string
  summary: string
  description?: string
  tags: string[]
  security: Record<string, string[]>[]
  parameters?: { name: string; in: string; required: boolean; schema: Schema }[]
  requestBody?: { content: Record<string, { schema: Schema }> }
  responses: Record<string, { description: string; content: Record<string, { schema: Schema }> }>
}

export type OpenApi = {
  openapi: string
  info: { title: string; version: string }
  tags: { name: string; description: string }[]
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema>; securitySchemes: Record<string, unknown> }
}

/** The document as a tool would fetch it. */
export async function fetchDocument({ origin }: Pick<Tollkeeper, 'origin'>): Promise<OpenApi> {
  const authorization = `Bearer ${ADMIN_TOKEN}`
  const response = await fetch(`${origin}/docs/json`, { headers: { authorization } })
  expect(response.status).toBe(200)
  return (await response.json()) as OpenApi
}

/** Every operation, by name such as `GET /admin/keys/{id}`. */
export function operationsOf({ paths }: OpenApi): Map<string, Operation> {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]): [string, Operation] => {
      return [`${method.toUpperCase()} ${path}`, one]
    }),
  )
  return new Map(operations)
}

/** What a `$ref` leads to. */
export function resolve(document: OpenApi, ref: string): unknown {
  const path = ref.slice('#/'.length).split('/')
  return path.reduce<any>((node, name) => node?.[name], document)
}

/**
 * Where a value is not what its schema says, field by field; a field that is not listed is a
 * fault too.
 */
export function faultsOf(
  document: OpenApi,
  schema: Schema,
  value: unknown,
  at = 'answer',
): string[] {
  if (schema.$ref) return faultsOf(document, resolve(document, schema.$ref) as Schema, value, at)
  if (schema.anyOf) {
    const tries = schema.anyOf.map((one) => faultsOf(document, one, value, at))
    return tries.toSorted((a, b) => a.length - b.length)[0] ?? []
  }
  if (schema.enum && !schema.enum.includes(value)) return [`${at}: ${JSON.stringify(value)}`]
  if (schema.type && ![schema.type].flat().includes(typeOf(value, schema))) {
    return [`${at}: ${JSON.stringify(value)} is not ${schema.type}`]
  }
  if (Array.isArray(value)) {
    return value.flatMap((one, i) => faultsOf(document, schema.items ?? {}, one, `${at}[${i}]`))
  }
  return typeof value === 'object' && value !== null
    ? faultsInside(document, schema, value, at)
    : []
}

function faultsInside(document: OpenApi, schema: Schema, value: object, at: string): string[] {
  const { properties = {}, required = [], additionalProperties } = schema
  const missing = required.filter((name) => !Object.hasOwn(value, name))
  const present = Object.entries(value).flatMap(([name, one]) => {
    const inner = properties[name] ?? additionalProperties
    if (inner === undefined || inner === false) return [`${at}.${name} is not documented`]
    return inner === true ? [] : faultsOf(document, inner, one, `${at}.${name}`)
  })
  return [...missing.map((name) => `${at}.${name} is missing`), ...present]
}

function typeOf(value: unknown, { type }: Schema): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (Number.isInteger(value) && [type].flat().includes('integer')) return 'integer'
  return typeof value
}
