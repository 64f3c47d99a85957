import type { List } from '../admin-client.ts'
import type { Call, Group, Output } from '../command.ts'
import { listOutput, PAGE_OPTIONS } from '../paging.ts'
import { putChanged } from '../put-changed.ts'
import { type Columns, record } from '../table.ts'
import { readTextOrNone } from '../values.ts'

export type Provider = {
  name: string
  base_url: string
  has_key: boolean
  profile?: Record<string, string>
  source?: string
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

function pathOf(name: string): string {
  return `/providers/${encodeURIComponent(name)}`
}
