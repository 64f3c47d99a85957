/** What a person can act on: one sentence for stderr. Exit code 2 is a command typed wrongly. */
export class CliError extends Error {
  override readonly name: string = 'CliError'
  readonly exitCode: 1 | 2 = 1
}

/** The command line itself can not be understood. */
export class UsageError extends CliError {
  override readonly name = 'UsageError'
  override readonly exitCode = 2
}

/** The admin API refused. */
export class ApiError extends CliError {
  override readonly name = 'ApiError'
  readonly status: number
  /** The field of the request that is at fault. */
  readonly param: string | null
  /** What was looked for, such as `accounts`. */
  readonly resource: string
  /** Under this id the server's log says more. */
  readonly requestId: string | null

  constructor(
    message: string,
    facts: { status: number; param: string | null; resource: string; requestId: string | null },
  ) {
    super(message)
    this.status = facts.status
    this.param = facts.param
    this.resource = facts.resource
    this.requestId = facts.requestId
  }
}
