import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import { start } from '../../../bench/processes.ts'
import { type Ability, type Act, CITY_TOOL, type Client, foreign, type Observed } from './client.ts'
import { environment, FOLDER } from './python-environment.ts'

/** Installs an environment and starts a script in it; rejects with why it can not run. */
export async function pythonClient(name: string, script: string): Promise<Client> {
  const python = await environment(name)
  const { child } = await start(script, python, [`${FOLDER}/${script}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  const abilities = await firstLine(child, lines)
  const send = conversation(child, lines)
  const act = (ability: Ability): Act => {
    return async (call, seen) => {
      Object.assign(seen, await send({ ability, call: { ...call, tool: CITY_TOOL } }))
    }
  }
  return {
    readsShouldRetry: true,
    timeoutOf: 'request',
    abilities: Object.fromEntries(abilities.map((ability) => [ability, act(ability)])),
    failureOf: foreign,
  }
}

/** What the script can do: it says so when it is ready. */
async function firstLine(child: ChildProcess, lines: Interface): Promise<Ability[]> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`its script ended with code ${code}`)
  })
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string]
  return JSON.parse(line).abilities
}

/** Pairs the lines that the script writes with those it was sent. */
function conversation(child: ChildProcess, lines: Interface): (order: object) => Promise<Observed> {
  const waiting = new Map<number, PromiseWithResolvers<Observed>>()
  let sent = 0
  lines.on('line', (line) => {
    const { id, seen } = JSON.parse(line)
    waiting.get(id)?.resolve(seen)
    waiting.delete(id)
  })
  child.once('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error('the script has ended'))
  })
  return (order) => {
    const id = ++sent
    const answer = Promise.withResolvers<Observed>()
    waiting.set(id, answer)
    child.stdin?.write(`${JSON.stringify({ id, ...order })}\n`)
    return answer.promise
  }
}
