/** The command line. */
import { parseArgs } from 'node:util'
import { UsageError } from './program.ts'
import { SCENARIO_NAMES, type ScenarioName } from './scenarios.ts'

export const TARGET_NAMES = ['direct', 'nginx', 'relay', 'tollkeeper'] as const
export type TargetName = (typeof TARGET_NAMES)[number]

const MAX_ROUNDS = 50
const ROUNDS = 5
const QUICK_ROUNDS = 3

export const USAGE = `npm run bench -- [options]
  --quick               short rounds, for CI: finds breakage and large changes, not percents
  --rounds N            rounds of each scenario, 1 to ${MAX_ROUNDS} (default 5, quick 3)
  --scenarios a,b       of ${SCENARIO_NAMES.join(', ')} (default all)
  --targets a,b         of ${TARGET_NAMES.join(', ')} (default all)
  --hide-usage          clients do not ask for the usage event of a stream
  --json FILE           writes every round as JSON too
  --help                this text
`

export interface Options {
  quick: boolean
  askUsage: boolean
  rounds: number
  scenarios: ScenarioName[]
  targets: TargetName[]
  json: string | null
  help: boolean
}

export function readOptions(args: string[]): Options {
  const values = parse(args)
  const rounds = Number(values.rounds ?? (values.quick ? QUICK_ROUNDS : ROUNDS))
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > MAX_ROUNDS) {
    throw new UsageError(`--rounds must be a whole number from 1 to ${MAX_ROUNDS}`)
  }
  return {
    quick: values.quick,
    askUsage: !values['hide-usage'],
    rounds,
    scenarios: chosen('--scenarios', values.scenarios, SCENARIO_NAMES),
    targets: chosen('--targets', values.targets, TARGET_NAMES),
    json: values.json ?? null,
    help: values.help,
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        quick: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        scenarios: { type: 'string', default: SCENARIO_NAMES.join() },
        targets: { type: 'string', default: TARGET_NAMES.join() },
        'hide-usage': { type: 'boolean', default: false },
        json: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** The known names in `list`, in the order of `known`. */
function chosen<Name extends string>(flag: string, list: string, known: readonly Name[]): Name[] {
  const names = list.split(',').map((name) => name.trim())
  for (const name of names) {
    if (known.some((other) => other === name)) continue
    throw new UsageError(`${flag}: there is no ${name || '""'}, only ${known.join(', ')}`)
  }
  return known.filter((name) => names.includes(name))
}
