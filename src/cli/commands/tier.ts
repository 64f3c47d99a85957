import type { List } from '../admin-client.ts'
import type { Group, Option, Output } from '../command.ts'
import { listOutput, PAGE_OPTIONS } from '../paging.ts'
import { putChanged } from '../put-changed.ts'
import { type Columns, record } from '../table.ts'
import { readCountOrNone, readModels } from '../values.ts'

type Tier = {
  name: string
  models: string[] | null
  markup: string
  requests_per_minute: number | null
  tokens_per_minute: number | null
  concurrency: number | null
  max_output_tokens: number | null
  hold_output_tokens: number | null
}

const SETTINGS = [
  'models',
  'markup',
  'requests_per_minute',
  'tokens_per_minute',
  'concurrency',
  'max_output_tokens',
  'hold_output_tokens',
] as const

const COLUMNS: Columns<Tier> = {
  name: (tier) => tier.name,
  models: (tier) => tier.models ?? 'any',
  markup: (tier) => tier.markup,
  'requests/min': (tier) => tier.requests_per_minute,
  'tokens/min': (tier) => tier.tokens_per_minute,
  concurrency: (tier) => tier.concurrency,
  'max output': (tier) => tier.max_output_tokens,
  'hold output': (tier) => tier.hold_output_tokens,
}

const limit = (says: string): Option => ({ value: '<n|none>', says, read: readCountOrNone })

export const tier: Group = {
  says: 'What accounts may use, how fast, and the markup on it.',
  commands: {
    set: {
      says: 'Makes or changes a tier. What is not named stays as it is.',
      args: ['name'],
      options: {
        'requests-per-minute': limit('requests of an account a minute'),
        'tokens-per-minute': limit('tokens of an account a minute'),
        concurrency: limit('requests of an account at a time'),
        models: { value: '<a,b*|any>', says: 'only these models', read: readModels },
        markup: { value: '<factor>', says: 'on the price: 1.2 sells 20 % dearer (1)' },
        'max-output-tokens': limit('cap on the output of a request'),
        'hold-output-tokens': limit('output a stream holds credits for at a time'),
      },
      example: 'free --requests-per-minute 10',
      run: async ({ client, arg, fields }) =>
        tierOutput(await putChanged<Tier>(client, pathOf(arg('name')), SETTINGS, fields)),
    },
    list: {
      says: 'Lists tiers by name.',
      args: [],
      options: PAGE_OPTIONS,
      example: '',
      run: async ({ client, fields }) =>
        listOutput(await client.get<List<Tier>>('/tiers', fields), COLUMNS),
    },
    show: {
      says: 'Shows a tier.',
      args: ['name'],
      options: {},
      example: 'default',
      run: async ({ client, arg }) => tierOutput(await client.get(pathOf(arg('name')))),
    },
    delete: {
      says: 'Deletes a tier that no account has.',
      args: ['name'],
      options: {},
      example: 'free',
      run: async ({ client, arg }) => {
        const body = await client.delete<Tier>(pathOf(arg('name')))
        return { json: body, text: `The tier ${body.name} is deleted.` }
      },
    },
  },
}

function tierOutput(body: Tier): Output {
  return { json: body, text: record(body, COLUMNS) }
}

function pathOf(name: string): string {
  return `/tiers/${encodeURIComponent(name)}`
}
