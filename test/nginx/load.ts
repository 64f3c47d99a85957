import { setTimeout as delay } from 'node:timers/promises'
import { type Answer, ask, post } from './pair.ts'

/** Clients that send one request after the other, streams and JSON in turn, until they are told. */
export function startLoad(url: string, key: string, clients: number) {
  const answers: Answer[] = []
  const broken: unknown[] = []
  let running = true
  async function run(client: number): Promise<void> {
    for (let n = client; running; n += 1) {
      const body = ask('sandbox-echo', n % 2 === 0, { reply_chars: 80, delay_ms: 15 })
      await post(url, key, body).answer.then(
        (answer) => answers.push(answer),
        (error) => broken.push(error),
      )
      await delay(5) // a load of answers, not of refusals in a tight loop
    }
  }
  const done = Promise.all(Array.from({ length: clients }, (_, client) => run(client)))
  return {
    answers,
    /** Connections that broke before the answer was complete. */
    broken,
    async stop(): Promise<void> {
      running = false
      await done
    },
  }
}

/** The answers that are not whole and good, as text. */
export function badOf(answers: Answer[]): string[] {
  return answers.filter((answer) => !isWhole(answer)).map(({ status, text }) => `${status} ${text}`)
}

function isWhole({ status, headers, text }: Answer): boolean {
  if (status !== 200) return false
  if (headers['content-type']?.startsWith('text/event-stream')) return /\[DONE\]\n\n$/.test(text)
  return JSON.parse(text).choices[0].finish_reason === 'stop'
}
