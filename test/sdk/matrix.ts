import { type Cell, prepareCell, runCell } from './cell.ts'
import type { Client } from './clients/client.ts'
import type { Column } from './columns.ts'
import { knownFailure } from './known.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { isBetter, judge, type Verdict } from './verdict.ts'
import type { Customer } from './world/customers.ts'
import type { World } from './world/world.ts'

/** Cells that run at a time: most of them wait most of the time. */
const AT_A_TIME = 24

/** A column, and its client or the reason why there is none. */
export type Contender = Column & ({ client: Client } | { client: null; reason: string })

/** One scenario with the verdict on each client that can do it, by the name of its column. */
export type Row = { scenario: Scenario; verdicts: Map<string, Verdict>; better: number }

type Order = { row: Row; scenario: Scenario; name: string; client: Client }

/** Runs every cell there is, and at last those that are about what happens without a ledger. */
export async function runMatrix(
  world: World,
  contenders: Contender[],
  scenarios: Scenario[],
): Promise<Row[]> {
  const rows = scenarios.map((scenario): Row => ({ scenario, verdicts: new Map(), better: 0 }))
  const orders = rows.flatMap((row) => ordersOf(row, contenders))
  const isLast = ({ scenario }: Order) => scenario.ledgerAway === true
  await runWithLedger(
    world,
    orders.filter((order) => !isLast(order)),
  )
  await world.confirm()
  await runWithoutLedger(world, orders.filter(isLast))
  return rows
}

function ordersOf(row: Row, contenders: Contender[]): Order[] {
  const { scenario } = row
  return contenders.flatMap(({ name, client }) =>
    client && scenario.ability in client.abilities ? [{ row, scenario, name, client }] : [],
  )
}

async function runWithLedger(world: World, orders: Order[]): Promise<void> {
  await atOnce(orders, (order) =>
    run(order, async () => {
      const customer = await prepareCell(world, order.scenario)
      return runCell(world, order.client, order.scenario, customer)
    }),
  )
}

async function runWithoutLedger(world: World, orders: Order[]): Promise<void> {
  const customers = new Map<Order, Customer>()
  await atOnce(orders, async (order) => {
    customers.set(order, await prepareCell(world, order.scenario))
  })
  world.loseLedger()
  await atOnce([...customers], ([order, customer]) =>
    run(order, () => runCell(world, order.client, order.scenario, customer)),
  )
}

/** Notes the verdict on one cell; one that can not be run to its end is wrong. */
async function run({ row, name, scenario }: Order, cellOf: () => Promise<Cell>): Promise<void> {
  try {
    const cell = await cellOf()
    const known = knownFailure(name, scenario.endpoint, scenario.title)
    row.verdicts.set(name, judge(cell, known))
    if (isBetter(cell)) row.better += 1
  } catch (error) {
    const complaints = [error instanceof Error ? error.message : String(error)]
    row.verdicts.set(name, { kind: 'wrong', complaints })
  }
}

/** Does the work of all items, some at a time. */
async function atOnce<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values()
  const worker = async () => {
    for (const item of left) await work(item)
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, worker))
}
