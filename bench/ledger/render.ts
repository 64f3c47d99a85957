import type { Round } from './measure.ts'

type Rounds = { empty: Round; full: Round }[]

/** A table of medians with the least and the most of the rounds, and the ratio of CPU medians. */
export function renderRounds(title: string, rounds: Rounds): { text: string; cpuRatio: number } {
  const line = (name: string, read: (round: Round) => number) => {
    const empty = rounds.map((round) => read(round.empty))
    const full = rounds.map((round) => read(round.full))
    const ratio = median(full) / median(empty)
    const cells = [name.padEnd(24), spread(empty), spread(full), ratio.toFixed(2).padStart(6)]
    return { text: `| ${cells.join(' | ')} |`, ratio }
  }
  const cpu = line('Postgres CPU us a pair', ({ cpuUs }) => cpuUs)
  const wall = line('wall us a pair', ({ wallUs }) => wallUs)
  const head = ['figure'.padEnd(24), 'empty'.padStart(22), 'full'.padStart(22), ' ratio']
  const rule = head.map((cell) => '-'.repeat(cell.length))
  const lines = [
    `### ${title}`,
    '',
    `| ${head.join(' | ')} |`,
    `| ${rule.join(' | ')} |`,
    cpu.text,
    wall.text,
    '',
  ]
  return { text: lines.join('\n'), cpuRatio: cpu.ratio }
}

/** `52.4 (50.1-60.3)`: the median, the least and the most. */
function spread(values: number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  return `${median(values).toFixed(1)} (${least.toFixed(1)}-${most.toFixed(1)})`.padStart(22)
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low, high] = [sorted[middle - 1] as number, sorted[middle] as number]
  return sorted.length % 2 === 1 ? high : (low + high) / 2
}
