import { expect, test } from 'vitest'
import { ConfigError, loadConfig } from '../../src/config.ts'

/** What each variable must not be. */
const WRONG: Record<string, string> = {
  PORT: '65536',
  ADMIN_PORT: '-1',
  DATABASE_URL: 'mysql://user:canary@host/db',
  ADMIN_TOKEN: 'canary-short',
  SECRET_KEY: 'canary,canary',
  OPENAI_BASE_URL: 'ftp://host/v1',
  OPENAI_CUSTOM_TOKEN_ESTIMATION: 'guess',
  OPENAI_CUSTOM_CREDIT_MULTIPLIER: '-1',
  CREDITS_PER_USD: '0',
  LOG_LEVEL: 'loud',
  BODY_LIMIT_BYTES: '1 MB',
  BUFFER_BUDGET_BYTES: '1 GB',
  TRUST_PROXY: '10.0.0.0/33',
  UPSTREAM_ALLOW_CIDRS: 'everywhere',
  HTTPS_PROXY: 'socks5://user:canary@host',
  HTTP_PROXY: 'http://user:canary@host/path',
  STREAM_COMMIT_MS: '-1',
  UPSTREAM_CONNECT_TIMEOUT_MS: '0',
  UPSTREAM_FIRST_BYTE_TIMEOUT_MS: '1e9',
  UPSTREAM_IDLE_TIMEOUT_MS: 'soon',
  DRAIN_TIMEOUT_MS: '1.5',
}

function faultsOf(env: Record<string, string>): string[] {
  try {
    loadConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  return []
}

/** The variables that the faults are about, each named once. */
const namesOf = (faults: string[]) => faults.map((fault) => fault.split(' ')[0]).sort()

test('every wrong value of the environment is named at once', () => {
  const faults = faultsOf(WRONG)
  expect(namesOf(faults)).toEqual(Object.keys(WRONG).sort())
})

test('the message of a wrong environment lists all of its faults', () => {
  const faults = faultsOf(WRONG)
  expect(() => loadConfig(WRONG)).toThrow(faults.map((fault) => `  - ${fault}`).join('\n'))
})

test('a wrong secret is not repeated', () => {
  expect(faultsOf(WRONG).join('\n')).not.toContain('canary')
})

test.each(Object.keys(WRONG))('a wrong %s alone is named alone', (name) => {
  const env = { SECRET_KEY: 'x'.repeat(16), [name]: WRONG[name] as string }
  expect(namesOf(faultsOf(env))).toEqual([name])
})

test.each([
  ['DATABASE_URL', 'postgres://user:can/ary@host/db', 'percent-encoded'],
  ['DATABASE_URL', 'postgres://user:100%canary@host/db', 'percent-encoded'],
  ['DATABASE_URL', 'postgres://user@host:99999/db', 'read as a URL'],
  ['ADMIN_TOKEN', 'canary-with-an-ümlaut', '16 or more visible ASCII characters'],
  ['ADMIN_TOKEN', 'canary-with-a-newline\n', '16 or more visible ASCII characters'],
  ['SECRET_KEY', 'canary-newer-secret, canary-older-secret', 'without spaces'],
  ['OPENAI_API_KEY', 'sk-canary\n', 'visible ASCII characters'],
  ['TRUST_PROXY', '10.0.0.0/8/8', 'expected a CIDR'],
  ['OPENAI_CUSTOM_CREDIT_MULTIPLIER', '010', 'a number such as 12.5'],
  ['LOG_LEVEL', 'INFO', 'expected one of trace, debug, info'],
])('%s=%j is refused with what it has to be', (name, value, wanted) => {
  const [fault, ...others] = faultsOf({ SECRET_KEY: 'x'.repeat(16), [name]: value })
  expect(fault).toMatch(new RegExp(`^${name} `))
  expect(fault).toContain(wanted)
  expect(fault).not.toContain('canary')
  expect(others).toEqual([])
})

test('a database of several hosts is a database', () => {
  const env = { SECRET_KEY: 'x'.repeat(16) }
  for (const url of [
    'postgres://u:a,b@one:1,two:2/db',
    'postgresql://one:1,two:2',
    'postgres://',
  ]) {
    expect(faultsOf({ ...env, DATABASE_URL: url })).toEqual([])
  }
})

test.each([
  ['http://', 'a URL without a host'],
  ['https://user:pass@host/v1', 'a password'],
  ['https://host/v1#part', 'a fragment'],
  ['host/v1', 'no scheme'],
])('the base URL %s is refused: %s', (url) => {
  expect(namesOf(faultsOf({ OPENAI_BASE_URL: url }))).toEqual(['OPENAI_BASE_URL'])
})

test('a database of its own needs a secret of its own', () => {
  const [fault, ...others] = faultsOf({ DATABASE_URL: 'postgres://host/db' })
  expect(fault).toMatch(/^SECRET_KEY .*DATABASE_URL/)
  expect(others).toEqual([])
})

test.each([{ PORT: '9000', ADMIN_PORT: '9000' }, { ADMIN_PORT: '8080' }])(
  'one port can not be both: %j',
  (env) => {
    const [fault, ...others] = faultsOf(env)
    expect(fault).toMatch(/^ADMIN_PORT is the same as PORT/)
    expect(others).toEqual([])
    expect(faultsOf({ PORT: '0', ADMIN_PORT: '0' })).toEqual([]) // two ports that are free
  },
)

test('an empty value is the same as none', () => {
  const empty = Object.fromEntries(Object.keys(WRONG).map((name) => [name, '']))
  expect(loadConfig(empty)).toEqual(loadConfig({}))
})

test('the defaults are those that the documentation promises', () => {
  expect(loadConfig({})).toMatchObject({
    host: '127.0.0.1',
    port: 8080,
    adminPort: null,
    databaseUrl: null,
    dataDir: '.data',
    upstream: null,
    providerName: 'openai',
    tokenEstimation: 'character_count',
    fallbackPer1000Tokens: 10_000_000n,
    creditsPerUsd: 1000n,
    streamCommitMs: 20_000,
    timeouts: { connectMs: 5_000, firstByteMs: 120_000, idleMs: 120_000 },
    drainTimeoutMs: 120_000,
  })
})
