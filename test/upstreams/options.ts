import { parseArgs } from 'node:util'
import { UsageError } from '../../bench/program.ts'

export const USAGE = `npm run test:upstreams -- [--servers <names>] [--only <part>] [--no-build]

  --servers   those whose name has one of these parts, such as "llama,aimock"
  --only      the checks whose title has this, such as "embeddings"
  --no-build  none that would have to be compiled first
`

export type Options = {
  help: boolean
  /** Whether what is not built yet is built. */
  build: boolean
  hasServer(name: string): boolean
  hasCheck(title: string): boolean
}

/** Reads the command line. Throws a UsageError. */
export function readOptions(args: string[]): Options {
  const { servers, only, help, ...values } = read(args)
  const parts = servers.split(',').map((part) => part.trim())
  return {
    help,
    build: !values['no-build'],
    hasServer: (name) => parts.some((part) => name.includes(part)),
    hasCheck: (title) => title.includes(only),
  }
}

function read(args: string[]) {
  try {
    const options = {
      servers: { type: 'string', default: '' },
      only: { type: 'string', default: '' },
      'no-build': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    } as const
    return parseArgs({ args, options }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
