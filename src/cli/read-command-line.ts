import { parseArgs } from 'node:util'
import { type Command, fieldOf, type Option } from './command.ts'
import { COMMANDS, isGroup } from './commands.ts'
import { UsageError } from './failure.ts'

type Globals = { url: string | undefined; json: boolean }

/** A command line, understood. `path` is the command's words, such as `key create`. */
export type CommandLine = Globals & {
  path: string
  command: Command
  args: Map<string, string>
  fields: Record<string, unknown>
}

const GLOBALS = {
  url: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** The command's words and whether help is wanted, before its options can be known. */
export function firstWords(argv: string[]): { words: string[]; help: boolean } {
  const { values, positionals } = parseArgs({
    args: argv,
    options: GLOBALS,
    allowPositionals: true,
    strict: false,
  })
  if (positionals[0] === 'help') return { words: positionals.slice(1), help: true }
  return { words: positionals, help: values.help === true || argv.length === 0 }
}

/** @throws UsageError that names what is wrong */
export function readCommandLine(argv: string[], now: Date): CommandLine {
  const { path, command, depth } = findCommand(firstWords(argv).words)
  const { given, json, positionals } = parse(argv, command)
  const args = new Map<string, string>()
  const rest = positionals.slice(depth)
  for (const name of command.args) {
    const value = given[name]?.[0] ?? rest.shift()
    if (value === undefined || value === '') throw new UsageError(`<${name}> is missing.`)
    args.set(name, value)
    delete given[name]
  }
  if (rest.length > 0) throw new UsageError(`${JSON.stringify(rest[0])} is one argument too many.`)
  const fields = readFields(command, given, now)
  return { path, command, args, fields, url: given.url?.[0], json }
}

function findCommand(words: string[]): { path: string; command: Command; depth: number } {
  const [name = '', word = ''] = words
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (entry === undefined) {
    const all = Object.keys(COMMANDS).join(', ')
    const fault =
      name === '' ? 'A command is missing' : `There is no command ${JSON.stringify(name)}`
    throw new UsageError(`${fault}: it must be one of ${all}.`)
  }
  if (!isGroup(entry)) return { path: name, command: entry, depth: 1 }
  const command = Object.hasOwn(entry.commands, word) ? entry.commands[word] : undefined
  if (command === undefined) {
    const all = Object.keys(entry.commands).join(', ')
    throw new UsageError(`The command ${name} needs one of ${all} after it.`)
  }
  return { path: `${name} ${word}`, command, depth: 2 }
}

/** Stands for the minus of a number, which parseArgs would take for that of an option. */
const MINUS = '\u2212'
const shielded = (arg: string) => (/^-[0-9]/.test(arg) ? MINUS + arg.slice(1) : arg)
const restored = (text: string) => (text.startsWith(MINUS) ? `-${text.slice(1)}` : text)

/** The texts given for each option: all of them, so that one that was given twice is noticed. */
type Given = Record<string, string[] | undefined>

function parse(
  argv: string[],
  command: Command,
): { given: Given; json: boolean; positionals: string[] } {
  const names = [...Object.keys(command.options), ...command.args]
  const isFlag = (name: string) => name in command.options && !command.options[name]?.value
  const options = Object.fromEntries(
    names.map((name) => [
      name,
      { type: isFlag(name) ? ('boolean' as const) : ('string' as const), multiple: true },
    ]),
  )
  const all = { ...options, ...GLOBALS, url: { type: 'string', multiple: true } } as const
  try {
    const parsed = parseArgs({ args: argv.map(shielded), options: all, allowPositionals: true })
    const { json = false, help: _, ...values } = parsed.values
    const given: Given = {}
    for (const [name, texts = []] of Object.entries(values)) {
      if (texts.length > 1 && !command.options[name]?.many) {
        throw new UsageError(`--${name} is there twice.`)
      }
      given[name] = texts.map((text) => restored(String(text)))
    }
    return { given, json, positionals: parsed.positionals.map(restored) }
  } catch (error) {
    throw asUsageError(error as Error & { code?: string })
  }
}

function readFields(command: Command, given: Given, now: Date): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const [name, option] of Object.entries(command.options)) {
    const texts = given[name]
    if (texts !== undefined) {
      const values = texts.map((text) => readValue(name, option, text, now))
      fields[fieldOf(name, option)] = option.many ? values : values[0]
    } else if (option.required) throw new UsageError(`--${name} ${option.value} is missing.`)
  }
  return fields
}

/** An option that takes no value is true where it is there. */
function readValue(name: string, option: Option, text: string, now: Date): unknown {
  if (option.value === undefined) return true
  try {
    return option.read ? option.read(text, now) : text
  } catch (error) {
    throw new UsageError(`--${name} is ${JSON.stringify(text)}: ${(error as Error).message}.`)
  }
}

/** parseArgs explains itself at length: what is wrong is in quotes. */
function asUsageError(error: Error & { code?: string }): Error {
  const option = error.message.match(/'(-[^ ']*)/)?.[1] ?? 'an option'
  switch (error.code) {
    case 'ERR_PARSE_ARGS_UNKNOWN_OPTION':
      return new UsageError(`There is no option ${option}.`)
    case 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE':
      return new UsageError(
        /does not take/.test(error.message)
          ? `The option ${option} takes no value.`
          : `The option ${option} needs a value; one with a dash first is written ${option}=<value>.`,
      )
    default:
      return error
  }
}
