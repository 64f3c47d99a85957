import type { List } from '../admin-client.ts'
import type { Call, Group, Output } from '../command.ts'
import { listOutput, PAGE_OPTIONS } from '../paging.ts'
import { type Price, priceColumns } from '../price-columns.ts'
import { TERMS_OPTIONS, termsFields } from '../price-options.ts'
import { record } from '../table.ts'
import { readFuture } from '../values.ts'
import { correct } from './price-correct.ts'
import { importPrices } from './price-import.ts'

const USD = '<usd>'

export const price: Group = {
  says: 'What a model of a provider costs, in USD per million tokens.',
  commands: {
    set: {
      says: 'Enters a price from a time on. Requests that run keep theirs; none is ever changed.',
      args: ['provider', 'model'],
      options: {
        input: { value: USD, says: 'a million prompt tokens', required: true },
        output: { value: USD, says: 'a million output tokens', required: true },
        ...TERMS_OPTIONS,
        from: {
          value: '<time>',
          says: 'when it begins: tomorrow, 2026-12-01 (now)',
          field: 'effective_from',
          read: readFuture,
        },
      },
      example: 'acme llama-4 --input 0.5 --output 1.5 --from tomorrow',
      run: set,
    },
    list: {
      says: 'Lists prices, the newest entered first.',
      args: [],
      options: {
        provider: { value: '<provider>', says: 'only of it' },
        model: { value: '<model>', says: "only of it, by the provider's name for it" },
        ...PAGE_OPTIONS,
      },
      example: '--provider acme',
      run: async ({ client, fields }) =>
        pricesOutput(await client.get<List<Price>>('/prices', fields)),
    },
    import: importPrices,
    correct,
  },
}

async function set({ client, arg, fields }: Call): Promise<Output> {
  const entered = { provider: arg('provider'), model: arg('model'), ...termsFields(fields) }
  const { body, created } = await client.post<Price>('/prices', entered)
  const note = created ? '' : '\nIt was entered before: nothing has changed.'
  return { json: body, text: record(body, priceColumns([body])) + note }
}

function pricesOutput(list: List<Price>): Output {
  return listOutput(list, priceColumns(list.data))
}
