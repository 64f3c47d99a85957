import type { Call, Command, Output } from '../command.ts'
import type { Price } from '../price-columns.ts'
import { type Columns, moment, table } from '../table.ts'
import { readTime } from '../when.ts'

type Terms = Omit<Price, 'provider' | 'model' | 'effective_from' | 'source'>

type Imported = {
  source: string
  applied: boolean
  effective_from: string
  counts: Record<'new' | 'changed' | 'same' | 'manual' | 'refused', number>
  not_entered: number
  prices: ImportedPrice[]
  models: { model: string; provider: string; upstream_model: string; priced_as: string | null }[]
}

type ImportedPrice = {
  provider: string
  model: string
  status: 'new' | 'changed' | 'manual' | 'refused'
  reason: string | null
  effective_from: string | null
  price: Terms | null
  before: Terms | null
}

/** New prices that are listed one by one; of more, their number says enough. */
const LISTED_MAX = 100

export const importPrices: Command = {
  says: 'Compares the prices of a public catalogue with those here; with --apply it enters them.',
  args: [],
  options: {
    provider: { value: '<id>', says: 'only of this provider of the catalogue' },
    as: { value: '<provider>', says: 'its name here, where that is another' },
    from: {
      value: '<time>',
      says: 'when they begin: tomorrow, 2026-12-01 (now)',
      field: 'effective_from',
      read: (text, now) => readTime(text, now, 'ahead'),
    },
    apply: { says: 'enters what is new or changed' },
    'replace-manual': { says: 'also what was entered by hand' },
  },
  example: '--provider openai',
  run,
}

async function run({ client, fields, program }: Call): Promise<Output> {
  const { body } = await client.post<Imported>('/prices/import', fields)
  return { json: body, text: textOf(body, program) }
}

function textOf(imported: Imported, program: string): string {
  const { prices, models, counts } = imported
  const of = (...statuses: string[]) => prices.filter(({ status }) => statuses.includes(status))
  const isShort = counts.new <= LISTED_MAX
  const parts = [
    table([counts], COUNTS),
    section(isShort ? of('new', 'changed') : of('changed'), PRICES),
    section(of('manual'), MANUAL),
    section(of('refused'), REFUSED),
    section(models, MODELS),
    endOf(imported, program),
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

function section<Row>(rows: readonly Row[], columns: Columns<Row>): string {
  return rows.length === 0 ? '' : table(rows, columns)
}

function endOf({ applied, counts, not_entered: left, ...imported }: Imported, program: string) {
  const from = `from ${imported.source}, in force from ${moment(imported.effective_from)}`
  const count = counts.new + counts.changed
  if (count === 0) return `Nothing to enter ${from}.`
  if (!applied)
    return `Nothing is entered yet: ${count} would be, ${from}. Enter them with --apply.`
  const others =
    left === 0 ? '' : ` ${left} were not: others came first, see "${program} price list".`
  return `${count - left} prices are entered ${from}.${others}`
}

const COUNTS: Columns<Imported['counts']> = {
  new: (counts) => counts.new,
  changed: (counts) => counts.changed,
  same: (counts) => counts.same,
  'left alone (manual)': (counts) => counts.manual,
  refused: (counts) => counts.refused,
}

const WHICH: Columns<ImportedPrice> = {
  provider: (row) => row.provider,
  model: (row) => row.model,
}

/** Before and after, where that differs; what is beside the four classes is told as such. */
const PRICES: Columns<ImportedPrice> = {
  ...WHICH,
  from: (row) => row.effective_from && moment(row.effective_from),
  input: (row) => change(row, ({ input }) => input),
  'cached input': (row) => change(row, (terms) => terms.cached_input),
  output: (row) => change(row, ({ output }) => output),
  'also has': (row) => alsoIn(row.price),
}

const MANUAL: Columns<ImportedPrice> = {
  ...WHICH,
  'by hand: input': (row) => row.before?.input,
  output: (row) => row.before?.output,
  'catalogue: input': (row) => row.price?.input,
  'its output': (row) => row.price?.output,
}

const REFUSED: Columns<ImportedPrice> = { ...WHICH, 'refused, since': (row) => row.reason }

const MODELS: Columns<Imported['models'][number]> = {
  'your model': (row) => row.model,
  provider: (row) => row.provider,
  'upstream model': (row) => row.upstream_model,
  'priced as': (row) => row.priced_as,
}

function change({ price, before }: ImportedPrice, find: (terms: Terms) => string): string | null {
  if (price === null) return null
  const [now, then] = [find(price), before && find(before)]
  return then === null || then === now ? now : `${then} -> ${now}`
}

function alsoIn(terms: Terms | null): string[] | null {
  const { input, cached_input, output, reasoning, request, ...others } = terms ?? {}
  return terms && Object.keys(others).map((name) => name.replaceAll('_', ' '))
}
