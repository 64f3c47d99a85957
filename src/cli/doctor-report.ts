import { printable } from './table.ts'

export type Finding = {
  about: string
  verdict: 'ok' | 'quirk' | 'fault' | 'unknown'
  quirk: string | null
  seen: string
  follows: string | null
}

export type Diagnosis = {
  verdict: 'ok' | 'quirk' | 'fault'
  usable: boolean
  base_url: string | null
  model: string | null
  preset: string | null
  profile: Record<string, string | number>
  findings: Finding[]
  calls: number
  duration_ms: number
}

const WIDTH = 100
const GAP = '  '

/** Stands before what follows from what was seen. */
const ARROW = '-> '
const BELOW_ARROW = ' '.repeat(ARROW.length)

/** The findings as aligned text, with what follows from each below it. */
export function reportOf(diagnosis: Diagnosis, upstream: string): string {
  const { findings } = diagnosis
  const verdictWidth = Math.max(...findings.map(({ verdict }) => verdict.length))
  const aboutWidth = Math.max(...findings.map(({ about }) => about.length))
  const indent = ' '.repeat(verdictWidth + aboutWidth + 2 * GAP.length)
  const lines = findings.flatMap(({ verdict, about, seen, follows }) => {
    const name = about.replaceAll('_', ' ').padEnd(aboutWidth)
    const told = follows === null ? [] : wrap(follows, WIDTH - indent.length - ARROW.length)
    const [first = '', ...rest] = [
      ...wrap(seen, WIDTH - indent.length),
      ...told.map((line, at) => (at === 0 ? ARROW : BELOW_ARROW) + line),
    ]
    return [
      [verdict.padEnd(verdictWidth), name, first].join(GAP),
      ...rest.map((line) => indent + line),
    ]
  })
  return [headingOf(diagnosis, upstream), '', ...lines.map((line) => line.trimEnd())].join('\n')
}

function headingOf(diagnosis: Diagnosis, upstream: string): string {
  const { usable, base_url: baseUrl, model, preset, findings, calls, duration_ms: ms } = diagnosis
  const count = (verdict: string) => findings.filter((one) => one.verdict === verdict).length
  const state = usable ? 'can be used' : 'can not be used'
  const found = `${counted(count('quirk'), 'quirk')}, ${counted(count('fault'), 'fault')}`
  const name = preset === null ? '' : ` (${preset})`
  const asked = model === null ? '' : `, asked for ${model}`
  const where = printable(`${baseUrl ?? upstream}${name} ${state}: ${found}`)
  return `${where}\n${printable(`${counted(calls, 'call')} in ${ms} ms${asked}`)}`
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

/** Lines of whole words; a word that is longer stays as it is. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of printable(text).split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`
    } else lines.push(word)
  }
  return lines
}
