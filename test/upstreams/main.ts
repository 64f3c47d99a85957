/** Installs servers that others wrote, runs Tollkeeper before each, and prints what came of it. */
import { mkdirSync } from 'node:fs'
import { FAILED, runProgram, UsageError } from '../../bench/program.ts'
import { readOptions, USAGE } from './options.ts'
import { type Tried, tryServer } from './run.ts'
import { SERVERS } from './servers/list.ts'
import { KEPT } from './servers/server.ts'
import { renderReasons, renderServers, renderTable } from './table.ts'

/** Time for everything, in ms: a first run installs, and builds, what later ones find. */
const RUN_MS = 30 * 60_000

await runProgram({ name: 'test:upstreams', withinMs: RUN_MS, main })

async function main(args: string[]): Promise<number> {
  const options = readOptions(args)
  if (options.help) {
    print(USAGE)
    return 0
  }
  const servers = SERVERS.filter(({ name }) => options.hasServer(name))
  if (servers.length === 0) throw new UsageError('there is no such server')
  mkdirSync(KEPT, { recursive: true })
  const tried: Tried[] = []
  for (const server of servers) tried.push(await tryServer(server, options))
  print(renderServers(tried))
  print(renderTable(tried))
  print(renderReasons(tried))
  return summarise(tried)
}

function summarise(tried: Tried[]): number {
  const columns = tried.flatMap((one) => (one.kind === 'ran' ? one.columns : []))
  const kinds = columns.flatMap(({ verdicts }) => [...verdicts.values()]).map(({ kind }) => kind)
  const count = (kind: string) => kinds.filter((one) => one === kind).length
  const number = (kind: string) => tried.filter((one) => one.kind === kind).length
  print(
    `\nservers: ${number('ran')} ran, ${number('skipped')} skipped, ${number('failed')} failed; ` +
      `${count('right')} checks are right, ${count('wrong')} wrong; ` +
      `${count('lacks')} the server itself can not pass\n`,
  )
  return count('wrong') + number('failed') === 0 ? 0 : FAILED
}

function print(text: string): void {
  process.stdout.write(text)
}
