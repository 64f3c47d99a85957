import { AdminClient } from './admin-client.ts'
import type { Output } from './command.ts'
import { type Environment, findConnection } from './connection.ts'
import { CliError } from './failure.ts'
import { helpOf, programName } from './help.ts'
import { type CommandLine, firstWords, readCommandLine } from './read-command-line.ts'
import { sentenceOf } from './sentence.ts'

export type Surroundings = {
  env: Environment
  now: Date
  readStdin(): Promise<string>
  /** Left out where nobody is at a terminal. */
  note?(text: string): void
}

export type Result = { stdout: string; stderr: string; exitCode: number }

/** Bytes that JSON need not escape, but a terminal may obey. */
const CONTROLS = /[\x7f-\x9f]/g

/** Runs a command line. Throws only what is a defect of this program. */
export async function run(argv: string[], surroundings: Surroundings): Promise<Result> {
  const program = programName(surroundings.env)
  const { words, help } = firstWords(argv)
  if (help) return { stdout: `${helpOf(words, program)}\n`, stderr: '', exitCode: 0 }
  try {
    const line = readCommandLine(argv, surroundings.now)
    const { json, text, failure } = await execute(line, program, surroundings)
    return {
      stdout: line.json ? jsonText(json) : `${text}\n`,
      stderr: failure ? sentenceOf(failure, words, program) : '',
      exitCode: failure?.exitCode ?? 0,
    }
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    return { stdout: '', stderr: sentenceOf(error, words, program), exitCode: error.exitCode }
  }
}

async function execute(
  { command, args, fields, url }: CommandLine,
  program: string,
  { env, now, readStdin, note = () => {} }: Surroundings,
): Promise<Output> {
  const arg = (name: string) => {
    const value = args.get(name)
    if (value === undefined) throw new Error(`the command has no argument ${name}`)
    return value
  }
  const client = new AdminClient(await findConnection(url, env))
  return command.run({ arg, fields, client, now, program, readStdin, note })
}

function jsonText(value: unknown): string {
  const escaped = (one: string) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`
  return `${JSON.stringify(value, null, 2).replace(CONTROLS, escaped)}\n`
}
