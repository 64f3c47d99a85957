/** Does a hold and its settlement cost more after many requests? `node bench/ledger/main.ts`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import postgres from 'postgres'
import { startEmbeddedPostgres } from '../../src/store/embedded/index.ts'
import { migrate } from '../../src/store/migrate.ts'
import { addAccounts, addHistory, rowsOf } from './history.ts'
import { openLedger } from './ledger.ts'
import { measure, type Round } from './measure.ts'
import { renderRounds } from './render.ts'

const { values } = parseArgs({
  options: {
    /** Requests in the full database. */
    rows: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '9' },
    /** Pairs of one round. */
    pairs: { type: 'string', default: '4000' },
    accounts: { type: 'string', default: '100' },
    'in-flight': { type: 'string', default: '512' },
    /** Most that the full database may cost, over the empty one. */
    limit: { type: 'string', default: '1.2' },
  },
})
const [rows, rounds, pairs, accountCount, inFlight] = [
  values.rows,
  values.rounds,
  values.pairs,
  values.accounts,
  values['in-flight'],
].map(Number) as [number, number, number, number, number]

const dataDir = mkdtempSync(join(tmpdir(), 'tollkeeper-ledger-bench-'))
const server = await startEmbeddedPostgres({ dataDir })
const clean = async () => {
  await server.stop()
  rmSync(dataDir, { recursive: true, force: true })
}
// Postgres outlives this process unless it is stopped.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void clean().finally(() => process.exit(1)))
}
try {
  process.exitCode = (await run()) ? 0 : 1
} finally {
  await clean()
}

async function run(): Promise<boolean> {
  const empty = await open('empty')
  const full = await open('full')
  // The lanes make their plans while both are empty: a plan for an empty table must not stay.
  for (const { ledger } of [empty, full]) await measure(ledger, { pairs, inFlight })
  await addHistory(full.sql, full.accounts, rows)
  say(`${rows} old requests; ${rounds} rounds of ${pairs} pairs, ${inFlight} in flight`)
  const before = await compare('plans made on empty tables')
  await full.sql.unsafe('vacuum analyze')
  const after = await compare('after vacuum analyze')
  say(`empty: ${await rowsOf(empty.sql)}\nfull: ${await rowsOf(full.sql)}`)
  for (const { ledger, sql } of [empty, full]) {
    await ledger.close()
    await sql.end()
  }
  return Math.max(before, after) <= Number(values.limit)

  async function compare(title: string): Promise<number> {
    const figures: { empty: Round; full: Round }[] = []
    for (let round = 0; round < rounds; round += 1) {
      const order = round % 2 === 0 ? [empty, full] : [full, empty]
      const measured = new Map<string, Round>()
      for (const { name, ledger } of order) {
        measured.set(name, await measure(ledger, { pairs, inFlight }))
      }
      figures.push({ empty: measured.get('empty') as Round, full: measured.get('full') as Round })
    }
    const { text, cpuRatio } = renderRounds(title, figures)
    say(text)
    return cpuRatio
  }
}

/** A migrated database with rich accounts, and the lanes to it. */
async function open(name: string) {
  const admin = postgres(server.url, { max: 1, onnotice: () => {} })
  await admin.unsafe(`create database ledger_${name}`)
  await admin.end()
  const url = server.url.replace(/[^/]*$/, `ledger_${name}`)
  await migrate(url)
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  const accounts = await addAccounts(sql, accountCount)
  return { name, sql, accounts, ledger: openLedger(url, sql, accounts) }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
