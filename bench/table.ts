/** Summaries as one Markdown table a scenario. */
import type { Scenario } from './scenarios.ts'
import type { Spread, Summary } from './summary.ts'

type Column = [title: string, cell: (summary: Summary) => string]

export function renderTable(scenario: Scenario, summaries: readonly Summary[]): string {
  const columns = columnsOf(scenario)
  const lines = [columns.map(([title]) => title)]
  for (const summary of summaries) lines.push(columns.map(([, cell]) => cell(summary)))
  const widths = columns.map((_, n) => Math.max(...lines.map((line) => line[n]?.length ?? 0)))
  const render = (line: string[]): string => {
    const cells = line.map((cell, n) =>
      n === 0 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0),
    )
    return `| ${cells.join(' | ')} |`
  }
  const rules = widths.map((width, n) => '-'.repeat(width + 1) + (n === 0 ? '-' : ':'))
  const rule = `|${rules.join('|')}|`
  const [head = [], ...body] = lines
  return [`### ${scenario.name}: ${scenario.title}`, '', render(head), rule, ...body.map(render)]
    .join('\n')
    .concat('\n')
}

function columnsOf({ name, unit, stream }: Scenario): Column[] {
  const columns: Column[] = [
    ['target', (row) => row.target],
    [stream ? 'streams/s' : 'req/s', (row) => digits(row.rate, 0)],
    [`CPU us/${unit} (rounds)`, (row) => spread(row.cpu, 1)],
    ['x nginx (rounds)', (row) => spread(row.overNginx, 2)],
    ['x relay (rounds)', (row) => spread(row.overRelay, 2)],
    ['core busy %', (row) => digits(row.busy * 100, 0)],
  ]
  if (stream) {
    columns.push(
      ['TTFT p50 ms', (row) => digits(row.firstP50, 2)],
      ['TTFT p99 ms', (row) => digits(row.firstP99, 1)],
    )
  }
  columns.push(['p50 ms', (row) => digits(row.p50, 2)], ['p99 ms', (row) => digits(row.p99, 1)])
  if (name === 'latency') columns.push(['added p50 ms', (row) => digits(row.addedP50, 3)])
  if (stream) columns.push(['reads/chunk', (row) => digits(row.readsPerChunk, 2)])
  if (name === 'slow') {
    columns.push(
      ['peak RSS MB', (row) => (row.rssMb > 0 ? digits(row.rssMb, 0) : '-')],
      ['growth MB', (row) => (row.rssMb > 0 ? digits(row.rssGrowthMb, 0) : '-')],
    )
  }
  columns.push(['errors', (row) => String(row.errors)])
  return columns
}

function digits(value: number, places: number): string {
  return Number.isFinite(value) ? value.toFixed(places) : '-'
}

/** `2.42 (2.31-2.60)`: the median and the least and most of the rounds. */
function spread({ median, least, most }: Spread, places: number): string {
  if (!Number.isFinite(median)) return '-'
  return `${median.toFixed(places)} (${least.toFixed(places)}-${most.toFixed(places)})`
}
