import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CliError, UsageError } from './failure.ts'

export type Environment = Record<string, string | undefined>

/** What people have at the end of an address: the base URL of the client API, or a slash. */
const ENDPOINT = /(\/v1|\/admin)?\/*$/

/** Where the proxy is, and the token of its admin API with where it came from. */
export type Connection = { url: string; token: string; tokenSource: string }

/**
 * On the server's own machine nothing has to be configured: the port is the server's, and the
 * token is where the server left it.
 * @throws CliError that says what to do next
 */
export async function findConnection(
  urlOption: string | undefined,
  env: Environment,
): Promise<Connection> {
  const port = env.ADMIN_PORT || env.PORT || '8080'
  const [source, text] = urlOption
    ? ['--url', urlOption]
    : ['TOLLKEEPER_URL', env.TOLLKEEPER_URL || `http://127.0.0.1:${port}`]
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new UsageError(`${source} must be a URL like http://127.0.0.1:8080, and is not.`)
  }
  return { url: text.replace(ENDPOINT, ''), ...(await findToken(env)) }
}

async function findToken(env: Environment): Promise<Omit<Connection, 'url'>> {
  const token = env.ADMIN_TOKEN?.trim()
  if (token === 'off') {
    throw new CliError(
      'ADMIN_TOKEN is off, so the server has no admin API: start it with a token, or without one.',
    )
  }
  const file = join(env.DATA_DIR || '.data', 'admin-token')
  const found = token
    ? { token, tokenSource: 'ADMIN_TOKEN' }
    : { token: await readToken(file), tokenSource: file }
  if (/^[\x20-\x7e]+$/.test(found.token)) return found
  throw new CliError(
    `The admin token of ${found.tokenSource} can not be sent: it must be printable ASCII.`,
  )
}

async function readToken(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const found = code === 'ENOENT' ? 'is not there' : `can not be read (${code})`
    throw new CliError(
      `There is no admin token: ADMIN_TOKEN is not set and ${file} ${found}; ` +
        'set ADMIN_TOKEN, or run this as the user and in the folder of the server, or set DATA_DIR.',
    )
  }
}
