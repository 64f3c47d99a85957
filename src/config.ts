import { BlockList, isIP } from 'node:net'
import type { TSchema } from '@sinclair/typebox'
import { Value, ValueErrorType } from '@sinclair/typebox/value'
import { type MicroCredits, parseCredits } from './domain/credits.ts'
import { type Environment, EnvironmentSchema } from './environment.ts'

/** What the process runs with: parsed, defaulted and checked. */
export type Config = {
  host: string
  port: number
  /** Null: the admin API is on the same port. */
  adminPort: number | null
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
  bufferBudgetBytes: number
  trustProxy: string[] | false
  upstreamAllowCidrs: string[]
  streamCommitMs: number
  proxies: ProxySettings
  timeouts: UpstreamTimeouts
  drainTimeoutMs: number
}

export type UpstreamTimeouts = { connectMs: number; firstByteMs: number; idleMs: number }

/** HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
export type ProxySettings = {
  /** For upstreams that are spoken to in plain HTTP. */
  http: URL | null
  /** For those behind TLS. */
  https: URL | null
  /** Who is connected to directly: names with all below them, addresses, CIDRs, or `*`. */
  direct: string[]
}

/** Where a password was pasted as it is, the URL ends in the middle of it. */
const UNREADABLE_DATABASE_URL =
  'it can not be read as a URL; a password in it is percent-encoded, such as %2F for /'

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
  const properties: [string, TSchema][] = Object.entries(EnvironmentSchema.properties)
  const given = properties.map(([name, { type }]) => [name, parse(type, env[name] || undefined)])
  const values = Value.Default(EnvironmentSchema, Object.fromEntries(given))
  const faults = [...faultsOf(values), ...crossFaults(values as Environment)]
  if (faults.length > 0) throw new ConfigError(faults)
  return toConfig(values as Environment)
}

/** Whole numbers as such; any other text stays as it is, to be named as a fault. */
function parse(type: string, text: string | undefined): string | number | undefined {
  return type === 'integer' && text !== undefined && /^-?[0-9]+$/.test(text) ? Number(text) : text
}

function toConfig(env: Environment): Config {
  return {
    host: env.HOST,
    port: env.PORT,
    adminPort: env.ADMIN_PORT ?? null,
    databaseUrl: env.DATABASE_URL ?? null,
    dataDir: env.DATA_DIR,
    adminToken: env.ADMIN_TOKEN ?? null,
    secretKeys: env.SECRET_KEY?.split(',') ?? null,
    upstream: toUpstream(env),
    providerName: env.OPENAI_CUSTOM_PROVIDER_NAME,
    tokenEstimation: env.OPENAI_CUSTOM_TOKEN_ESTIMATION,
    fallbackPer1000Tokens: parseCredits(env.OPENAI_CUSTOM_CREDIT_MULTIPLIER) as MicroCredits,
    creditsPerUsd: BigInt(env.CREDITS_PER_USD),
    logLevel: env.LOG_LEVEL as string,
    bodyLimitBytes: env.BODY_LIMIT_BYTES,
    bufferBudgetBytes: env.BUFFER_BUDGET_BYTES,
    trustProxy: env.TRUST_PROXY === undefined ? false : cidrs(env.TRUST_PROXY),
    upstreamAllowCidrs: cidrs(env.UPSTREAM_ALLOW_CIDRS ?? ''),
    streamCommitMs: env.STREAM_COMMIT_MS,
    proxies: {
      http: env.HTTP_PROXY === undefined ? null : new URL(env.HTTP_PROXY),
      https: env.HTTPS_PROXY === undefined ? null : new URL(env.HTTPS_PROXY),
      direct: (env.NO_PROXY ?? '').split(/[\s,]+/).filter((one) => one !== ''),
    },
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
  return /TOKEN$|KEY|DATABASE_URL|PROXY$/.test(name) ? 'not usable' : JSON.stringify(value)
}

function expectation(schema: TSchema): string {
  if (schema.anyOf) return `one of ${schema.anyOf.map((one: TSchema) => one.const).join(', ')}`
  if (schema.type === 'integer') return `a whole number from ${schema.minimum} to ${schema.maximum}`
  return schema.like ?? 'some text'
}

function crossFaults(env: Environment): string[] {
  const faults: string[] = []
  if (env.DATABASE_URL !== undefined && env.SECRET_KEY === undefined) {
    faults.push('SECRET_KEY is not set: it is required together with DATABASE_URL')
  }
  if (env.ADMIN_PORT === env.PORT && env.PORT !== 0) {
    faults.push('ADMIN_PORT is the same as PORT: unset, it serves the admin API on PORT too')
  }
  if (Number(env.BUFFER_BUDGET_BYTES) < Number(env.BODY_LIMIT_BYTES)) {
    faults.push('BUFFER_BUDGET_BYTES is smaller than BODY_LIMIT_BYTES: no such body could be read')
  }
  if (/^postgres(ql)?:/.test(env.DATABASE_URL ?? '') && !isDatabaseUrl(env.DATABASE_URL ?? '')) {
    faults.push(`DATABASE_URL is not usable: ${UNREADABLE_DATABASE_URL}`)
  }
  if (typeof env.OPENAI_BASE_URL === 'string') faults.push(...baseUrlFaults(env.OPENAI_BASE_URL))
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY'] as const) {
    const text = env[name]
    if (typeof text === 'string' && /^https?:/.test(text) && !isProxyUrl(text)) {
      faults.push(`${name} is not usable: expected a URL with nothing after its host and port`)
    }
  }
  for (const name of ['TRUST_PROXY', 'UPSTREAM_ALLOW_CIDRS'] as const) {
    const wrong = cidrs(env[name] ?? '').filter((cidr) => !isCidr(cidr))
    for (const cidr of wrong) faults.push(`${name} has ${JSON.stringify(cidr)}: expected a CIDR`)
  }
  return faults
}

function baseUrlFaults(text: string): string[] {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!/^https?:/.test(text)) return [] // named by the schema
  if (url === null) return ['OPENAI_BASE_URL is not a URL']
  if (url.username || url.password) {
    return ['OPENAI_BASE_URL has a user name or password: put the key into OPENAI_API_KEY']
  }
  if (url.hash) return ['OPENAI_BASE_URL has a fragment: a base URL has none']
  return []
}

/** Several hosts, as the driver takes them, are judged by the first. */
function isDatabaseUrl(text: string): boolean {
  const one = text.replace(/,[^@/?]*(?=[/?]|$)/, '')
  try {
    const { username, password } = new URL(one)
    decodeURIComponent(username + password)
    return true
  } catch {
    return false
  }
}

function isProxyUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null) return false
  return url.pathname === '/' && url.search === '' && url.hash === ''
}

function cidrs(list: string): string[] {
  return list
    .split(',')
    .map((cidr) => cidr.trim())
    .filter((cidr) => cidr !== '')
}

function isCidr(text: string): boolean {
  const [address = '', prefix = '', ...more] = text.split('/')
  const version = isIP(address)
  if (version === 0 || more.length > 0) return false
  if (!text.includes('/')) return true
  try {
    new BlockList().addSubnet(address, Number(prefix), version === 6 ? 'ipv6' : 'ipv4')
    return /^[0-9]+$/.test(prefix)
  } catch {
    return false
  }
}
