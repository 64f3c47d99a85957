/** From rounds to one line a target: medians, and ratios within the same round. */
import type { Figures, Row } from './rounds.ts'

/** A median and how far the rounds lie apart; NaN where there is nothing to compare with. */
export interface Spread {
  median: number
  least: number
  most: number
}

/** Medians over the rounds; a ratio is the median of the rounds' ratios, as machines drift. */
export interface Summary extends Figures {
  target: string
  cpu: Spread
  overNginx: Spread
  overRelay: Spread
  /** p50 minus that of the direct connection in the same round, in ms. */
  addedP50: number
  errors: number
}

export function summarise(rows: readonly Row[]): Summary[] {
  return rows.map((row) => {
    const of = (read: (figures: Figures) => number): number => median(row.rounds.map(read))
    return {
      target: row.target,
      rate: of(({ rate }) => rate),
      cpuUs: of(({ cpuUs }) => cpuUs),
      cpu: spread(row.rounds.map(({ cpuUs }) => cpuUs)),
      overNginx: against(rows, 'nginx', row, (own, other) => own.cpuUs / other.cpuUs),
      overRelay: against(rows, 'relay', row, (own, other) => own.cpuUs / other.cpuUs),
      addedP50: against(rows, 'direct', row, (own, other) => own.p50 - other.p50).median,
      busy: of(({ busy }) => busy),
      p50: of(({ p50 }) => p50),
      p99: of(({ p99 }) => p99),
      firstP50: of(({ firstP50 }) => firstP50),
      firstP99: of(({ firstP99 }) => firstP99),
      rssMb: of(({ rssMb }) => rssMb),
      rssGrowthMb: of(({ rssGrowthMb }) => rssGrowthMb),
      readsPerChunk: of(({ readsPerChunk }) => readsPerChunk),
      errors: row.errors,
    }
  })
}

function against(
  rows: readonly Row[],
  name: string,
  { rounds }: Row,
  compare: (own: Figures, other: Figures) => number,
): Spread {
  const others = rows.find(({ target }) => target === name)?.rounds ?? []
  return spread(
    rounds.flatMap((own, round) => {
      const other = others[round]
      return other ? [compare(own, other)] : []
    }),
  )
}

function spread(values: number[]): Spread {
  if (values.length === 0) return { median: Number.NaN, least: Number.NaN, most: Number.NaN }
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) }
}

/** NaN of nothing; the mean of the middle two where their number is even. */
function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const low = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN
  const high = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  return (low + high) / 2
}
