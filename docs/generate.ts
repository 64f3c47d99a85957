import { writeFile } from 'node:fs/promises'
import type { TSchema } from '@sinclair/typebox'
import { EnvironmentSchema } from '../src/environment.ts'
import { CATALOGUE, type ErrorCode } from '../src/errors.ts'
import { COLUMNS } from '../test/sdk/columns.ts'
import { CLIENT_FAILURES } from '../test/sdk/known.ts'
import { CAUSES } from './error-causes.ts'

type Entry = { status: number; type: string; retry?: false; retryAfterS?: number }

/** Statuses that the SDKs send again unless they are told not to. */
const RETRIED_BY_STATUS = new Set([408, 409, 429, 500, 502, 503, 504])

/** The pages that are made from code, by their path below docs/. */
export const PAGES: Record<string, () => string> = {
  'configuration.md': configurationPage,
  'errors.md': errorsPage,
  'sdks.md': sdksPage,
}

function configurationPage(): string {
  const rows = Object.entries(EnvironmentSchema.properties).map(([name, schema]) => [
    `\`${name}\``,
    defaultOf(schema),
    valuesOf(schema),
    schema.description ?? '',
  ])
  return `${head('src/environment.ts')}
# Configuration

Tollkeeper reads these environment variables once, at its start. An empty value counts as unset. A
value that can not be used stops the start, and the message names every fault at once. Everything
else (accounts, keys, tiers, providers, models, prices) is in the database, behind the admin API.

${table(['variable', 'default', 'values', 'meaning'], rows)}`
}

function errorsPage(): string {
  const rows = Object.entries<Entry>(CATALOGUE).map(([code, entry]) => [
    `\`${code}\``,
    String(entry.status),
    `\`${entry.type}\``,
    retryOf(entry),
    CAUSES[code as ErrorCode],
  ])
  return `${head('src/errors.ts and docs/error-causes.ts')}
# Errors

Every error has the body \`{"error": {"message", "type", "param", "code"}}\`, with all four members,
and the header \`x-request-id\`, by which its record is found. \`param\` names the field at fault,
where one is. A stream that has begun ends with one event \`data: {"error": ...}\` of the same shape
instead, and without \`[DONE]\`.

**retry** is what an OpenAI SDK does by itself: *no* is a status that it does not retry, or the
header \`x-should-retry: false\`; a time is the usual \`Retry-After\`, which is never above 59.

${table(['code', 'status', 'type', 'retry', 'when'], rows)}`
}

function sdksPage(): string {
  const clients = Object.values(COLUMNS).map(({ name, title, version }) => [name, title, version])
  const failures = CLIENT_FAILURES.map(({ clients, scenarios, why }) => [
    clients.join(', '),
    scenarios.join('<br>'),
    why,
  ])
  return `${head('test/sdk/columns.ts and test/sdk/known.ts')}
# Clients

These clients are run through Tollkeeper as they are, with only the base URL and the key changed:

${table(['column', 'client', 'version'], clients)}
\`npm run test:sdk\` prints a table of each client in each scenario: what it can be answered with,
each error before and in an answer, limits, a client that leaves or gives up, and upstreams with
ways of their own. It starts a Tollkeeper and the sandbox, gives every cell an account of its own,
and sends the same call to the sandbox directly, to compare. It takes two to three minutes;
\`-- --help\` shows how to run a part of it. The clients for Python need \`python3\`, and are
skipped without it.

- **right**: a whole answer is what the client shows directly, or better. A failure is the client's
  own error class with the right status or code, never a silent success. It sent as many requests as
  it should, and the account has paid what it should.
- **wrong**: anything else; the exit code is 1 and the reasons are printed below the table.
- **client**: the client fails by itself, and in the same way without Tollkeeper: the table below.
- **-**: the client has no such call.
- **skipped**: it could not be installed; the reason is above the table.

## Where a client fails by itself

${table(['client', 'scenario', 'why'], failures)}`
}

function head(source: string): string {
  return `<!-- Made by \`node docs/generate.ts\` from ${source}. -->`
}

function table(names: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map(cellOf).join(' | ')} |\n`
  return line(names) + line(names.map(() => '---')) + rows.map(line).join('')
}

function cellOf(text: string): string {
  return text.replaceAll('|', '\\|')
}

function defaultOf({ default: value }: TSchema): string {
  return value === undefined ? '' : `\`${value}\``
}

function valuesOf(schema: TSchema): string {
  if (schema.anyOf) return schema.anyOf.map((one: TSchema) => `\`${one.const}\``).join(' ')
  if (schema.type === 'integer') return `${schema.minimum} to ${schema.maximum}`
  return schema.like ?? 'text'
}

function retryOf({ status, retry, retryAfterS }: Entry): string {
  if (retry === false || !RETRIED_BY_STATUS.has(status)) return 'no'
  return retryAfterS === undefined ? 'yes' : `after ${retryAfterS} s`
}

if (import.meta.main) {
  for (const [name, page] of Object.entries(PAGES)) {
    await writeFile(new URL(name, import.meta.url), page())
  }
}
