import { BlockList, isIP } from 'node:net'
import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Value, ValueErrorType } from '@sinclair/typebox/value'
import { type MicroCredits, parseCredits } from './domain/credits.ts'

const MINUTE_MS = 60_000
const milliseconds = (fallback: number, description: string) =>
  Type.Integer({ default: fallback, minimum: 1, maximum: 60 * MINUTE_MS, description })

/** Every environment variable: type, bounds, default and meaning. docs/configuration.md is made from it. */
export const EnvironmentSchema = Type.Object({
  HOST: Type.String({ default: '127.0.0.1', minLength: 1, description: 'Address to listen on.' }),
  PORT: Type.Integer({
    default: 8080,
    minimum: 0,
    maximum: 65_535,
    description: 'Port to listen on.',
  }),
  DATABASE_URL: Type.Optional(
    Type.String({
      pattern: '^postgres(ql)?://',
      description: 'Postgres 15 or newer. Unset: a Postgres of our own, with its data in DATA_DIR.',
    }),
  ),
  DATA_DIR: Type.String({
    default: '.data',
    minLength: 1,
    description: 'Where the embedded Postgres and generated secrets live.',
  }),
  ADMIN_TOKEN: Type.Optional(
    Type.String({
      pattern: '^(off|.{16,})$',
      description:
        'Bearer token of the admin API, 16 characters or more; `off` disables the API. Unset: made once, in `DATA_DIR/admin-token`.',
    }),
  ),
  SECRET_KEY: Type.Optional(
    Type.String({
      pattern: '^[^,]{16,}(,[^,]{16,})*$',
      description:
        'Secret that key hashes depend on, 16 characters or more; a comma list rotates it, newest first. Required with DATABASE_URL, else made once in DATA_DIR.',
    }),
  ),
  OPENAI_BASE_URL: Type.Optional(
    Type.String({
      pattern: '^https?://',
      description:
        'Base URL of the upstream, such as `https://host/v1`. Unset, with no OPENAI_API_KEY either: the sandbox.',
    }),
  ),
  OPENAI_API_KEY: Type.Optional(
    Type.String({ minLength: 1, description: 'Key sent to the upstream as a bearer token.' }),
  ),
  OPENAI_CUSTOM_PROVIDER_NAME: Type.String({
    default: 'openai',
    minLength: 1,
    description: 'Name of the upstream in the price table.',
  }),
  OPENAI_CUSTOM_TOKEN_ESTIMATION: Type.Union(
    [Type.Literal('character_count'), Type.Literal('chunk_count'), Type.Literal('tokenizer')],
    {
      default: 'character_count',
      description: 'How tokens are counted when the upstream reports no usage.',
    },
  ),
  OPENAI_CUSTOM_CREDIT_MULTIPLIER: Type.String({
    default: '10',
    pattern: '^[0-9]{1,9}(\\.[0-9]{1,6})?$',
    description: 'Credits per 1,000 tokens of a model without a price.',
  }),
  CREDITS_PER_USD: Type.Integer({
    default: 1000,
    minimum: 1,
    maximum: 1_000_000_000,
    description: 'Credits one US dollar buys. Fixed in the database at the first start.',
  }),
  LOG_LEVEL: Type.Union(
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'].map((level) =>
      Type.Literal(level),
    ),
    { default: 'info', description: 'Lowest level that is logged.' },
  ),
  BODY_LIMIT_BYTES: Type.Integer({
    default: 64 * 1024 * 1024,
    minimum: 1024,
    maximum: 1024 * 1024 * 1024,
    description: 'Largest request body; a larger one is 413 `request_too_large`.',
  }),
  TRUST_PROXY: Type.Optional(
    Type.String({
      description: 'Comma list of CIDRs whose `X-Forwarded-For` is believed, such as `10.0.0.0/8`.',
    }),
  ),
  UPSTREAM_ALLOW_CIDRS: Type.Optional(
    Type.String({
      description:
        'Comma list of CIDRs that are not public and may still be upstreams of the admin API, such as `10.1.0.0/16`.',
    }),
  ),
  STREAM_COMMIT_MS: Type.Integer({
    default: 20_000,
    minimum: 0,
    maximum: 10 * MINUTE_MS,
    description:
      'Milliseconds a started stream may be silent before its 200 is sent anyway; 0 is never.',
  }),
  UPSTREAM_CONNECT_TIMEOUT_MS: milliseconds(5_000, 'Milliseconds to connect to the upstream.'),
  UPSTREAM_FIRST_BYTE_TIMEOUT_MS: milliseconds(
    120_000,
    'Milliseconds the upstream may take to begin its answer.',
  ),
  UPSTREAM_IDLE_TIMEOUT_MS: milliseconds(
    120_000,
    'Milliseconds the upstream may be silent within its answer.',
  ),
  DRAIN_TIMEOUT_MS: milliseconds(
    120_000,
    'Milliseconds that running requests get to finish when the process is told to stop.',
  ),
})

type Environment = Static<typeof EnvironmentSchema>

/** What the process runs with: parsed, defaulted and checked. */
export type Config = {
  host: string
  port: number
  databaseUrl: string | null
  dataDir: string
  adminToken: string | null
  secretKeys: string[] | null
  upstream: { baseUrl: URL; apiKey: string | null } | null
  providerName: string
  tokenEstimation: Environment['OPENAI_CUSTOM_TOKEN_ESTIMATION']
  fallbackPer1000Tokens: MicroCredits
  creditsPerUsd: bigint
  logLevel: string
  bodyLimitBytes: number
  trustProxy: string[] | false
  upstreamAllowCidrs: string[]
  streamCommitMs: number
  timeouts: UpstreamTimeouts
  drainTimeoutMs: number
}

export type UpstreamTimeouts = { connectMs: number; firstByteMs: number; idleMs: number }

/** The environment can not be used; the message names every fault. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly faults: string[]
  constructor(faults: string[]) {
    super(`The configuration can not be used:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`)
    this.faults = faults
  }
}

/**
 * Reads the environment. An empty value counts as unset.
 * @throws ConfigError with all faults at once
 */
export function loadConfig(env: Record<string, string | undefined>): Config {
  const names = Object.keys(EnvironmentSchema.properties)
  const given = Object.fromEntries(names.map((name) => [name, env[name] || undefined]))
  const values = Value.Convert(EnvironmentSchema, Value.Default(EnvironmentSchema, given))
  const faults = [...faultsOf(values), ...crossFaults(values as Environment)]
  if (faults.length > 0) throw new ConfigError(faults)
  return toConfig(values as Environment)
}

function toConfig(env: Environment): Config {
  return {
    host: env.HOST,
    port: env.PORT,
    databaseUrl: env.DATABASE_URL ?? null,
    dataDir: env.DATA_DIR,
    adminToken: env.ADMIN_TOKEN ?? null,
    secretKeys: env.SECRET_KEY?.split(',') ?? null,
    upstream: toUpstream(env),
    providerName: env.OPENAI_CUSTOM_PROVIDER_NAME,
    tokenEstimation: env.OPENAI_CUSTOM_TOKEN_ESTIMATION,
    fallbackPer1000Tokens: parseCredits(env.OPENAI_CUSTOM_CREDIT_MULTIPLIER) ?? 0n,
    creditsPerUsd: BigInt(env.CREDITS_PER_USD),
    logLevel: env.LOG_LEVEL as string,
    bodyLimitBytes: env.BODY_LIMIT_BYTES,
    trustProxy: env.TRUST_PROXY === undefined ? false : cidrs(env.TRUST_PROXY),
    upstreamAllowCidrs: cidrs(env.UPSTREAM_ALLOW_CIDRS ?? ''),
    streamCommitMs: env.STREAM_COMMIT_MS,
    timeouts: {
      connectMs: env.UPSTREAM_CONNECT_TIMEOUT_MS,
      firstByteMs: env.UPSTREAM_FIRST_BYTE_TIMEOUT_MS,
      idleMs: env.UPSTREAM_IDLE_TIMEOUT_MS,
    },
    drainTimeoutMs: env.DRAIN_TIMEOUT_MS,
  }
}

function toUpstream(env: Environment): Config['upstream'] {
  if (env.OPENAI_BASE_URL === undefined && env.OPENAI_API_KEY === undefined) return null
  const baseUrl = new URL(env.OPENAI_BASE_URL ?? 'https://api.openai.com/v1')
  return { baseUrl, apiKey: env.OPENAI_API_KEY ?? null }
}

function faultsOf(values: unknown): string[] {
  const faults: string[] = []
  for (const error of Value.Errors(EnvironmentSchema, values)) {
    if (error.type === ValueErrorType.ObjectRequiredProperty) continue
    const name = error.path.slice(1)
    const expected = expectation(error.schema)
    faults.push(`${name} is ${shown(name, error.value)}: expected ${expected}`)
  }
  return faults
}

/** Secrets are never repeated, not even wrong ones. */
function shown(name: string, value: unknown): string {
  return /TOKEN$|KEY|DATABASE_URL/.test(name) ? 'not usable' : JSON.stringify(value)
}

function expectation(schema: TSchema): string {
  if (schema.anyOf) return schema.anyOf.map((one: TSchema) => one.const).join(', ')
  if (schema.type === 'integer') return `a whole number from ${schema.minimum} to ${schema.maximum}`
  return schema.pattern ? `text like ${schema.pattern}` : 'some text'
}

function crossFaults(env: Environment): string[] {
  const faults: string[] = []
  if (env.DATABASE_URL !== undefined && env.SECRET_KEY === undefined) {
    faults.push('SECRET_KEY is not set: it is required together with DATABASE_URL')
  }
  if (typeof env.OPENAI_BASE_URL === 'string') faults.push(...baseUrlFaults(env.OPENAI_BASE_URL))
  for (const name of ['TRUST_PROXY', 'UPSTREAM_ALLOW_CIDRS'] as const) {
    const wrong = cidrs(env[name] ?? '').filter((cidr) => !isCidr(cidr))
    for (const cidr of wrong) faults.push(`${name} has ${JSON.stringify(cidr)}: expected a CIDR`)
  }
  return faults
}

function baseUrlFaults(text: string): string[] {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null) return ['OPENAI_BASE_URL is not a URL']
  if (url.username || url.password) {
    return ['OPENAI_BASE_URL has a user name or password: put the key into OPENAI_API_KEY']
  }
  if (url.hash) return ['OPENAI_BASE_URL has a fragment: a base URL has none']
  return []
}

function cidrs(list: string): string[] {
  return list
    .split(',')
    .map((cidr) => cidr.trim())
    .filter((cidr) => cidr !== '')
}

function isCidr(text: string): boolean {
  const [address = '', prefix = ''] = text.split('/')
  const version = isIP(address)
  if (version === 0) return false
  if (!text.includes('/')) return true
  try {
    new BlockList().addSubnet(address, Number(prefix), version === 6 ? 'ipv6' : 'ipv4')
    return /^[0-9]+$/.test(prefix)
  } catch {
    return false
  }
}
