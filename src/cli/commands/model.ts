import type { List } from '../admin-client.ts'
import type { Call, Group, Option, Output } from '../command.ts'
import { listOutput, PAGE_OPTIONS } from '../paging.ts'
import { putChanged } from '../put-changed.ts'
import { type Columns, record } from '../table.ts'
import { readCountOrNone } from '../values.ts'

type Route = { provider: string; upstream_model: string; priority: number; weight: number }

type Model = {
  name: string
  routes: Route[]
  context_window: number | null
  max_output_tokens: number | null
  hold_output_tokens: number | null
}

const SETTINGS = ['routes', 'context_window', 'max_output_tokens', 'hold_output_tokens'] as const

const COLUMNS: Columns<Model> = {
  name: (model) => model.name,
  routes: (model) => model.routes.map(routeText),
  context: (model) => model.context_window,
  'max output': (model) => model.max_output_tokens,
  'hold output': (model) => model.hold_output_tokens,
}

const limit = (says: string): Option => ({ value: '<n|none>', says, read: readCountOrNone })

export const model: Group = {
  says: 'Public model names: where they are served, and their limits.',
  commands: {
    set: {
      says: 'Makes or changes a model. What is not named stays as it is.',
      args: ['name'],
      options: {
        route: {
          value: '<route|none>',
          says: 'provider[:upstream-model][,priority=n][,weight=n]; again for more',
          field: 'routes',
          many: true,
          read: readRoute,
        },
        'context-window': limit('tokens of prompt and output'),
        'max-output-tokens': limit('output of a request, at most'),
        'hold-output-tokens': limit('output a stream holds credits for at a time'),
      },
      example: 'fast --route acme:llama-4,priority=1 --context-window 128000',
      run: set,
    },
    list: {
      says: 'Lists models by name.',
      args: [],
      options: PAGE_OPTIONS,
      example: '',
      run: async ({ client, fields }) =>
        listOutput(await client.get<List<Model>>('/models', fields), COLUMNS),
    },
    delete: {
      says: 'Deletes a model: calls of it go to the provider of the environment.',
      args: ['name'],
      options: {},
      example: 'fast',
      run: async ({ client, arg }) => {
        const body = await client.delete<Model>(pathOf(arg('name')))
        return { json: body, text: `The model ${body.name} is deleted.` }
      },
    },
  },
}

async function set({ client, arg, fields }: Call): Promise<Output> {
  const name = arg('name')
  const routes = fields.routes as (Partial<Route> | null)[] | undefined
  const change = {
    ...fields,
    ...(routes && {
      routes: routes.filter((route) => route !== null).map((r) => ({ upstream_model: name, ...r })),
    }),
  }
  const body = await putChanged<Model>(client, pathOf(name), SETTINGS, change)
  return { json: body, text: record(body, COLUMNS) }
}

/** Reads `provider:upstream-model,priority=1,weight=2`; all but the provider can be left out. */
function readRoute(text: string): Partial<Route> | null {
  if (text === 'none') return null
  const [, provider, upstreamModel, settings = ''] =
    text.match(/^([^:,]+)(?::([^,]+))?((?:,(?:priority|weight)=[0-9]{1,7})*)$/) ?? []
  if (provider === undefined) {
    throw new Error('it must be like acme:llama-4,priority=1,weight=2')
  }
  const numbers = settings.split(',').filter((one) => one !== '')
  return {
    provider,
    ...(upstreamModel !== undefined && { upstream_model: upstreamModel }),
    ...Object.fromEntries(
      numbers.map((one) => [one.split('=')[0], Number(one.split('=')[1])] as const),
    ),
  }
}

function routeText({ provider, upstream_model, priority, weight }: Route): string {
  return `${provider}:${upstream_model} (priority ${priority}, weight ${weight})`
}

/** Names of models have slashes; encoded, they stay one piece of the path. */
function pathOf(name: string): string {
  return `/models/${encodeURIComponent(name)}`
}
