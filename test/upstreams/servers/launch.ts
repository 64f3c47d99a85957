import { openSync, readFileSync } from 'node:fs'
import { type Owned, start } from '../../../bench/processes.ts'
import { untilAnswers } from '../../../bench/targets/ready.ts'
import { KEPT, START_MS } from './server.ts'

const LOG_TAIL_LINES = 8

type Launch = {
  command: string
  args: string[]
  env?: NodeJS.ProcessEnv
  cwd?: string
  /** Answers 200 when the server is ready. */
  readyUrl: string
}

/**
 * Starts a server with nothing of our own environment but where programs are, and waits until it
 * is ready; throws with the end of its log when it is not.
 */
export async function launch(name: string, { command, args, ...rest }: Launch): Promise<Owned> {
  const log = `${KEPT}${name}.log`
  const file = openSync(log, 'w')
  const { PATH, LANG } = process.env
  const server = await start(name, command, args, {
    cwd: rest.cwd ?? KEPT,
    stdio: ['ignore', file, file],
    env: { PATH, LANG, HOME: KEPT, ...rest.env },
  })
  try {
    await untilAnswers(rest.readyUrl, START_MS, server)
    return server
  } catch (error) {
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES)
    throw new Error(`${String(error)}\nthe end of its log:\n${lines.join('\n')}`)
  }
}
