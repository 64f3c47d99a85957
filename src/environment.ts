import { type Static, Type } from '@sinclair/typebox'

const MINUTE_MS = 60_000
const milliseconds = (fallback: number, description: string) =>
  Type.Integer({ default: fallback, minimum: 1, maximum: 60 * MINUTE_MS, description })

/** Visible ASCII characters: anything else is cut off, or breaks, as the value of a header. */
const HEADER_SAFE = '[!-~]'

const HTTP_URL = 'an http or https URL'

/**
 * Every environment variable: type, bounds, default and meaning; `like` says in words what its
 * pattern wants. docs/configuration.md is made from it.
 */
export const EnvironmentSchema = Type.Object({
  HOST: Type.String({ default: '127.0.0.1', minLength: 1, description: 'Address to listen on.' }),
  PORT: Type.Integer({
    default: 8080,
    minimum: 0,
    maximum: 65_535,
    description: 'Port to listen on.',
  }),
  ADMIN_PORT: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 65_535,
      description:
        'Port of its own, on the same address, for the admin API, `/metrics` and `/docs`: PORT does not have them then, and the last two need no token. Unset: PORT serves all.',
    }),
  ),
  DATABASE_URL: Type.Optional(
    Type.String({
      pattern: '^postgres(ql)?://',
      like: 'a URL such as postgres://user:password@host:5432/database',
      description: 'Postgres 15 or newer. Unset: a Postgres of our own, with its data in DATA_DIR.',
    }),
  ),
  DATA_DIR: Type.String({
    default: '.data',
    minLength: 1,
    description: 'Where the journal, the embedded Postgres and generated secrets live.',
  }),
  ADMIN_TOKEN: Type.Optional(
    Type.String({
      pattern: `^(off|${HEADER_SAFE}{16,})$`,
      like: 'off, or 16 or more visible ASCII characters',
      description:
        'Bearer token of the admin API; `off` disables the API. Unset: made once, in `DATA_DIR/admin-token`.',
    }),
  ),
  SECRET_KEY: Type.Optional(
    Type.String({
      pattern: '^(?!.*(\\s,|,\\s))[^,]{16,}(,[^,]{16,})*$',
      like: '16 or more characters, or a comma list of such without spaces',
      description:
        'Secret that key hashes depend on; a comma list rotates it, newest first. Required with DATABASE_URL, else made once in DATA_DIR.',
    }),
  ),
  OPENAI_BASE_URL: Type.Optional(
    Type.String({
      pattern: '^https?://',
      like: HTTP_URL,
      description:
        'Base URL of the upstream, such as `https://host/v1`. Unset, with no OPENAI_API_KEY either: the sandbox.',
    }),
  ),
  OPENAI_API_KEY: Type.Optional(
    Type.String({
      pattern: `^${HEADER_SAFE}+$`,
      like: 'visible ASCII characters',
      description: 'Key sent to the upstream as a bearer token.',
    }),
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
    pattern: '^(0|[1-9][0-9]{0,8})(\\.[0-9]{1,6})?$',
    like: 'a number such as 12.5, with at most 9 digits before the point and 6 after',
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
  BUFFER_BUDGET_BYTES: Type.Integer({
    default: 256 * 1024 * 1024,
    minimum: 1024,
    maximum: 64 * 1024 * 1024 * 1024,
    description:
      'Bytes of all request bodies and answers in one piece that are in memory at a time, at least BODY_LIMIT_BYTES; beyond it 503 `overloaded`. One account has at most three quarters of it. A body read as JSON takes about four times its bytes; one of many small values counts as more bytes than it has.',
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
  HTTPS_PROXY: Type.Optional(
    Type.String({
      pattern: '^https?://',
      like: HTTP_URL,
      description:
        'Proxy for upstreams behind TLS, by CONNECT, such as `http://user:password@proxy:3128`. It resolves their names, so it has to keep private networks out.',
    }),
  ),
  HTTP_PROXY: Type.Optional(
    Type.String({
      pattern: '^https?://',
      like: HTTP_URL,
      description: 'The same for upstreams in plain HTTP, which it is asked for by their URL.',
    }),
  ),
  NO_PROXY: Type.Optional(
    Type.String({
      description:
        'Comma list of upstreams that are connected to directly: names with all below them, addresses or CIDRs, each with a port if need be, or `*`. Loopback always is.',
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

export type Environment = Static<typeof EnvironmentSchema>
