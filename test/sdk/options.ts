import { parseArgs } from 'node:util'
import { UsageError } from '../../bench/program.ts'
import type { Scenario } from './scenarios/scenario.ts'

export const USAGE = `npm run test:sdk -- [--clients <parts>] [--only <part>]

  --clients  the clients whose name has one of these parts, such as "openai 4,py"
  --only     the scenarios whose title has this, such as "chat: upstream 429"
`

export type Options = {
  help: boolean
  hasClient(name: string): boolean
  hasScenario(scenario: Scenario): boolean
}

/** Reads the command line. Throws a UsageError. */
export function readOptions(args: string[]): Options {
  const { clients = '', only = '', help = false } = read(args)
  const parts = clients.split(',').map((part) => part.trim())
  return {
    help,
    hasClient: (name) => parts.some((part) => name.includes(part)),
    hasScenario: ({ endpoint, title }) => `${endpoint}: ${title}`.includes(only),
  }
}

function read(args: string[]) {
  const options = {
    clients: { type: 'string' },
    only: { type: 'string' },
    help: { type: 'boolean' },
  } as const
  try {
    return parseArgs({ args, options }).values
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n${USAGE}`)
  }
}
