import type { Command, Group, Option } from './command.ts'
import { COMMANDS, isGroup } from './commands.ts'

/** Options of every command. */
export const GLOBAL_OPTIONS = {
  url: {
    value: '<url>',
    says: 'where the proxy is: else TOLLKEEPER_URL, else http://127.0.0.1:$PORT (8080)',
  },
  json: { says: "exactly the admin API's JSON" },
  help: { says: 'this text, of any command' },
}

/** How this program was called, for lines to paste. */
export function programName(env: Record<string, string | undefined>): string {
  return env.npm_lifecycle_event === 'cli' ? 'npm run cli --' : 'tollkeeper'
}

/** The help of everything, of a group, or of a command: one screen each. */
export function helpOf(words: readonly string[], program: string): string {
  const [name = '', word] = words
  const entry = COMMANDS[name]
  if (entry === undefined) return programHelp(program)
  if (!isGroup(entry)) return commandHelp(`${program} ${name}`, entry)
  const command = word === undefined ? undefined : entry.commands[word]
  if (command === undefined) return groupHelp(`${program} ${name}`, entry)
  return commandHelp(`${program} ${name} ${word}`, command)
}

/** A command as it is typed: `tollkeeper grant <account> <credits> [options]`. */
export function usageOf(path: string, command: Command): string {
  const required = Object.entries(command.options).filter(([, option]) => option.required)
  const parts = [
    ...command.args.map((arg) => `<${arg}>`),
    ...required.map(([name, option]) => `--${name} ${option.value}`),
    ...(required.length < Object.keys(command.options).length ? ['[options]'] : []),
  ]
  return [path, ...parts].join(' ')
}

/** The same without its options. */
function briefOf(name: string, { args }: Command): string {
  return [name, ...args.map((arg) => `<${arg}>`)].join(' ')
}

function programHelp(program: string): string {
  const groups = Object.entries(COMMANDS).map(([name, entry]): [string, string] => [
    isGroup(entry) ? `${name} ${Object.keys(entry.commands).join('|')}` : briefOf(name, entry),
    entry.says,
  ])
  const examples = Object.entries(COMMANDS).map(([name, entry]) => {
    if (!isGroup(entry)) return exampleOf(`${program} ${name}`, entry)
    const [word, command] = Object.entries(entry.commands)[0] as [string, Command]
    return exampleOf(`${program} ${name} ${word}`, command)
  })
  return [
    `Usage: ${program} <command> [options]`,
    'Runs a Tollkeeper proxy through its admin API.',
    '',
    ...columns(groups),
    '',
    'Options of every command:',
    ...optionLines(GLOBAL_OPTIONS),
    '',
    'The admin token is ADMIN_TOKEN, else what stands in DATA_DIR/admin-token (.data/admin-token).',
    'Times are UTC: now, today, yesterday, tomorrow, 2026-12-01, 2026-12-01T09:30Z, 30m, 24h, 7d.',
    '',
    'Examples:',
    ...examples.map((example) => `  ${example}`),
    '',
    `More, with an example of each command: ${program} <command> --help`,
  ].join('\n')
}

function groupHelp(path: string, group: Group): string {
  const blocks = Object.entries(group.commands).flatMap(([name, command]) => [
    '',
    usageOf(`${path} ${name}`, command),
    `  ${command.says}`,
    `  Example: ${exampleOf(`${path} ${name}`, command)}`,
  ])
  return [group.says, ...blocks, '', `Options: ${path} <command> --help`].join('\n')
}

function commandHelp(path: string, command: Command): string {
  const options = Object.keys(command.options).length
  return [
    `Usage: ${usageOf(path, command)}`,
    '',
    command.says,
    ...(options > 0 ? ['', 'Options:', ...optionLines(command.options)] : []),
    '',
    'Options of every command:',
    ...optionLines(GLOBAL_OPTIONS),
    '',
    'Example:',
    `  ${exampleOf(path, command)}`,
  ].join('\n')
}

export function exampleOf(path: string, command: Command): string {
  return command.example === '' ? path : `${path} ${command.example}`
}

function optionLines(options: Record<string, Partial<Option> & { says: string }>): string[] {
  return columns(
    Object.entries(options).map(([name, { value, says }]) => [
      value === undefined ? `--${name}` : `--${name} ${value}`,
      says,
    ]),
  )
}

function columns(rows: [string, string][]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}
