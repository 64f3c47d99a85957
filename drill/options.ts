/** The command line. */
import { parseArgs } from 'node:util'
import type { Fault, Size } from './fault.ts'

export type Options = {
  faults: Fault[]
  size: Partial<Size>
  seed: number
  keep: boolean
}

/** A mistake on the command line, in words for the user. */
export class UsageError extends Error {}

const SEED = 1

export function usage(all: readonly Fault[]): string {
  const width = Math.max(...all.map(({ name }) => name.length)) + 2
  const indent = ' '.repeat(width + 2)
  const rows = all.map(
    ({ name, says, takes }) => `  ${name.padEnd(width)}${says}\n${indent}(${takes})`,
  )
  return `npm run drill -- <fault>... [options]
${rows.join('\n')}
  ${'all'.padEnd(width)}one after the other

  --runs N        how often
  --streams N     streams at a time, over all instances
  --instances N   Tollkeeper processes
  --seed N        another seed deals other requests (default ${SEED})
  --keep          leave data and logs in the temporary folder that is named then
`
}

/** @throws UsageError */
export function readOptions(args: string[], all: readonly Fault[]): Options {
  const { values, positionals } = parse(args)
  const named = positionals.map((name) => {
    const fault = all.find((one) => one.name === name)
    if (fault === undefined && name !== 'all') throw new UsageError(`there is no fault ${name}`)
    return fault
  })
  const size: Partial<Size> = {}
  for (const name of ['runs', 'streams', 'instances'] as const) {
    if (values[name] !== undefined) size[name] = wholeNumber(name, values[name])
  }
  return {
    faults: positionals.includes('all') ? [...all] : (named as Fault[]),
    size,
    seed: values.seed === undefined ? SEED : wholeNumber('seed', values.seed),
    keep: values.keep ?? false,
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        runs: { type: 'string' },
        streams: { type: 'string' },
        instances: { type: 'string' },
        seed: { type: 'string' },
        keep: { type: 'boolean' },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1) return number
  throw new UsageError(`--${name} must be a whole number from 1`)
}
