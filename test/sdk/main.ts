/** Starts everything, runs the matrix, prints it, ends everything. */
import { FAILED, runProgram, UsageError } from '../../bench/program.ts'
import { CLIENTS } from './clients/list.ts'
import { COLUMNS, type Column } from './columns.ts'
import { type Contender, type Row, runMatrix } from './matrix.ts'
import { readOptions, USAGE } from './options.ts'
import { SCENARIOS } from './scenarios/list.ts'
import { renderColumns, renderTable, renderWrong } from './table.ts'
import { startWorld } from './world/world.ts'

/** Time for everything, in ms: far more than it takes where most cells work. */
const RUN_MS = 15 * 60_000

// Older clients write to the console what they can not parse, and the sandbox sends a lot of that.
console.error = () => {}

await runProgram({ name: 'test:sdk', withinMs: RUN_MS, main })

async function main(args: string[]): Promise<number> {
  const options = readOptions(args)
  if (options.help) {
    print(USAGE)
    return 0
  }
  const scenarios = SCENARIOS.filter(options.hasScenario)
  const contenders: Contender[] = []
  for (const [key, column] of Object.entries(COLUMNS)) {
    if (options.hasClient(column.name)) contenders.push(await startClient(key, column))
  }
  if (contenders.length === 0 || scenarios.length === 0) throw new UsageError('nothing to do')
  const world = await startWorld()
  try {
    const rows = await runMatrix(world, contenders, scenarios)
    print(renderColumns(contenders))
    print(renderTable(rows, contenders))
    print(renderWrong(rows, contenders))
    return summarise(rows)
  } finally {
    await world.close()
  }
}

async function startClient(key: string, column: Column): Promise<Contender> {
  try {
    return { ...column, client: await CLIENTS[key as keyof typeof CLIENTS]() }
  } catch (error) {
    return { ...column, client: null, reason: (error as Error).message }
  }
}

function summarise(rows: Row[]): number {
  const kinds = rows.flatMap(({ verdicts }) => [...verdicts.values()]).map(({ kind }) => kind)
  const count = (kind: string) => kinds.filter((one) => one === kind).length
  const better = rows.reduce((sum, row) => sum + row.better, 0)
  print(`\n${count('right')} right, of them ${better} that are not without Tollkeeper; `)
  print(`${count('wrong')} wrong; in ${count('client')} the client fails by itself\n`)
  return count('wrong') === 0 ? 0 : FAILED
}

function print(text: string): void {
  process.stdout.write(text)
}
