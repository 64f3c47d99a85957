import type { List } from '../admin-client.ts'
import type { Call, Group, Output } from '../command.ts'
import { listOutput, PAGE_OPTIONS } from '../paging.ts'
import { putChanged } from '../put-changed.ts'
import { type Columns, record } from '../table.ts'
import { readCount, readNames, readTextOrNone } from '../values.ts'

export type Provider = {
  name: string
  base_url: string
  has_key: boolean
  profile?: Record<string, string | number | string[]>
  source?: string
}

type Resealed = {
  resealed: number
  current: number
  unreadable: string[]
  secrets_kept: number
}

/** Options that are quirks of its profile. */
const QUIRKS = [
  'api',
  'stream_options',
  'output_limit',
  'auth_header',
  'developer_role',
  'reasoning_tokens',
  'embedding_format',
  'drop_fields',
  'on_disconnect',
  'finish_max_tokens',
  'finish_max_seconds',
]

/** What is kept where it is not named. */
const SETTINGS = ['base_url', 'profile'] as const

const COLUMNS: Columns<Provider> = {
  name: (provider) => provider.name,
  'base url': (provider) => provider.base_url,
  key: (provider) => (provider.has_key ? 'set' : 'none'),
  source: (provider) => provider.source,
}

/** Stands for a key on standard input, where neither the shell's history nor `ps` sees it. */
const STDIN = '-'

export const provider: Group = {
  says: 'Upstreams: a base URL and its key.',
  commands: {
    set: {
      says: 'Makes or changes a provider. What is not named stays as it is.',
      args: ['name'],
      options: {
        'base-url': { value: '<url>', says: 'such as https://api.example.com/v1' },
        'api-key': {
          value: '<key|-|none>',
          says: 'sent upstream; - reads it from standard input',
          read: readTextOrNone,
        },
        preset: { value: '<name>', says: 'a well-known server, such as vllm: its quirks' },
        api: {
          value: '<openai|anthropic>',
          says: "anthropic: it serves Anthropic's API alone",
        },
        'stream-options': {
          value: '<how>',
          says: 'how it takes stream_options: send, omit, auto or continuous',
        },
        'output-limit': {
          value: '<name>',
          says: 'the one name it knows of the output limit; or as_sent',
        },
        'auth-header': {
          value: '<name>',
          says: 'of its key: authorization, api-key or x-api-key',
        },
        'developer-role': { value: '<keep|system>', says: 'system: it refuses the role developer' },
        'reasoning-tokens': {
          value: '<how>',
          says: 'excluded: its completion_tokens leave reasoning out; or included',
        },
        'embedding-format': {
          value: '<as_sent|float>',
          says: 'float: it refuses to send embeddings as base64',
        },
        'drop-fields': {
          value: '<names>',
          says: 'fields that it refuses, separated by commas; none: it refuses none',
          read: readNames,
        },
        'on-disconnect': {
          value: '<cancel|finish>',
          says: 'finish: it bills on when a client hangs up, so it is read on',
        },
        'finish-max-tokens': {
          value: '<n>',
          says: 'output tokens that are read on at most',
          read: readCount,
        },
        'finish-max-seconds': {
          value: '<n>',
          says: 'seconds for which an answer is read on at most',
          read: readCount,
        },
      },
      example: 'acme --base-url https://api.example.com/v1 --api-key - < key.txt',
      run: set,
    },
    list: {
      says: 'Lists providers by name. Keys are never shown.',
      args: [],
      options: PAGE_OPTIONS,
      example: '',
      run: async ({ client, fields }) =>
        listOutput(await client.get<List<Provider>>('/providers', fields), COLUMNS),
    },
    show: {
      says: 'Shows a provider. Its key is never shown.',
      args: ['name'],
      options: {},
      example: 'acme',
      run: async ({ client, arg }) => providerOutput(await client.get(pathOf(arg('name')))),
    },
    reseal: {
      says: 'Encrypts all under the first secret of SECRET_KEY: the others may go then.',
      args: [],
      options: {},
      example: '',
      run: async ({ client }) =>
        resealOutput((await client.post<Resealed>('/providers/reseal', {})).body),
    },
    delete: {
      says: 'Deletes a provider that no model is routed to.',
      args: ['name'],
      options: {},
      example: 'acme',
      run: async ({ client, arg }) => {
        const body = await client.delete<Provider>(pathOf(arg('name')))
        return { json: body, text: `The provider ${body.name} is deleted.` }
      },
    },
  },
}

async function set({ client, arg, fields, readStdin }: Call): Promise<Output> {
  const path = pathOf(arg('name'))
  const given = Object.entries(fields)
  const quirks = Object.fromEntries(given.filter(([name]) => QUIRKS.includes(name)))
  const change = Object.fromEntries(given.filter(([name]) => !QUIRKS.includes(name)))
  if (change.api_key === STDIN) change.api_key = (await readStdin()).trim()
  if (Object.keys(quirks).length > 0) {
    const stored = change.preset === undefined ? await client.find<Provider>(path) : null
    change.profile = { ...stored?.profile, ...quirks }
  }
  // A preset takes the place of the quirks that are stored.
  const kept = change.preset === undefined ? SETTINGS : SETTINGS.slice(0, 1)
  return providerOutput(await putChanged<Provider>(client, path, kept, change))
}

function providerOutput(body: Provider): Output {
  return { json: body, text: record(body, COLUMNS) }
}

function resealOutput(body: Resealed): Output {
  const { resealed, current, unreadable } = body
  const done = `${resealed} encrypted anew, ${current} already under the first secret.`
  const lost = unreadable.map((name) => `No secret opens the key of ${name}: set it again.`)
  const next = 'Once every instance has this SECRET_KEY, it can do with its first secret alone.'
  return { json: body, text: [`Provider keys: ${done}`, ...lost, next].join('\n') }
}

function pathOf(name: string): string {
  return `/providers/${encodeURIComponent(name)}`
}
