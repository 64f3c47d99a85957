import { type Command, fieldOf } from './command.ts'
import { COMMANDS, isGroup } from './commands.ts'
import { ApiError, type CliError, UsageError } from './failure.ts'
import { printable } from './table.ts'

/** The lists in which what was not found would stand, by the API's resource. */
const LISTS: Record<string, string> = {
  accounts: 'account list',
  keys: 'key list <account>',
  tiers: 'tier list',
  providers: 'provider list',
  models: 'model list',
  requests: 'request list',
}

/** What went wrong, with the field at fault and the next step, on one line. */
export function sentenceOf(error: CliError, words: readonly string[], program: string): string {
  const { path, command } = typed(words)
  const help = `see "${[program, path, '--help'].filter(Boolean).join(' ')}"`
  if (error instanceof UsageError) return line(error.message, help)
  if (!(error instanceof ApiError)) return line(error.message)
  const { status, param, resource, requestId } = error
  if (status >= 500) {
    const log = `the server's log has more under request ${requestId}`
    return line(`The server answered ${status}: ${error.message}`, log)
  }
  const list = LISTS[resource]
  if (status === 404 && list) return line(error.message, `see "${program} ${list}"`)
  return line(param === null ? error.message : `${named(param, command)}: ${error.message}`, help)
}

function line(message: string, next?: string): string {
  const text = next === undefined ? message : `${message.replace(/\.$/, '')}; ${next}`
  return `tollkeeper: ${printable(text)}\n`
}

/** The words of a command line that name a command, and that command. */
function typed([name = '', word = '']: readonly string[]): { path: string; command?: Command } {
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (entry === undefined) return { path: '' }
  if (!isGroup(entry)) return { path: name, command: entry }
  const command = Object.hasOwn(entry.commands, word) ? entry.commands[word] : undefined
  return command === undefined ? { path: name } : { path: `${name} ${word}`, command }
}

/** The API's field as it was typed: an option, an argument, or else its own name. */
function named(param: string, command: Command | undefined): string {
  const fields = param.split('.') // the quirks of a profile are options too
  const [field = ''] = fields
  const options = Object.entries(command?.options ?? {})
  const option = options.find(([name, one]) => fields.includes(fieldOf(name, one)))
  if (option) return `--${option[0]}`
  return command?.args.includes(field) ? `<${field}>` : param
}
