import type { AdminClient } from './admin-client.ts'
import type { CliError } from './failure.ts'

/** Everything a command works with. */
export type Call = {
  /** A positional argument. */
  arg(name: string): string
  /** The options that were given, read, under the names of the API's fields. */
  fields: Record<string, unknown>
  client: AdminClient
  now: Date
  /** How to call this program, for a next step to paste. */
  program: string
  readStdin(): Promise<string>
  /** Tells a person at a terminal what is about to happen. */
  note(text: string): void
}

/** What a command prints: the API's JSON for programs, or text for people. */
export type Output = {
  json: unknown
  text: string
  /** Told after the output, where not everything went well. */
  failure?: CliError
}

export type Option = {
  /** Stands for the value in the help, such as `<n>`; left out, the option takes none. */
  value?: string
  says: string
  /** The API's field, where it is not the option's name with underscores. */
  field?: string
  required?: boolean
  /** May be given several times; its field is a list. */
  many?: boolean
  /** Reads what was typed. @throws Error with what is expected instead */
  read?(text: string, now: Date): unknown
}

export type Command = {
  says: string
  /** Positional arguments in order; each can also be given by name. */
  args: readonly string[]
  options: Readonly<Record<string, Option>>
  /** The arguments of a call that works, without the command itself. */
  example: string
  run(call: Call): Promise<Output>
}

/** Commands about one thing, such as `account`. */
export type Group = { says: string; commands: Readonly<Record<string, Command>> }

/** The API's field that an option fills. */
export function fieldOf(name: string, option: Option): string {
  return option.field ?? name.replaceAll('-', '_')
}
