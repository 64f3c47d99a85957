import { childrenOf } from '../../../bench/measure.ts'
import { type Answer, answerOf, ask, begin } from '../ask.ts'
import { type Customer, eventually, newCustomer, paidBy, recordOf } from '../customer.ts'
import { costOf, micro } from '../reported.ts'
import { CHARACTERS_A_TOKEN } from './answers.ts'
import { type Check, expectThat, type Stage } from './check.ts'
import { CHAT, MANY_TOKENS } from './samples.ts'

/** Events after which a client leaves, or a server dies. */
const EVENTS = 6
/** Credits for some 150 tokens: less than a long answer costs. */
const SMALL_ACCOUNT = '1'

/**
 * A client that leaves pays for what the upstream has sent until it was stopped.
 * @returns the tokens that are charged, and those that it had generated when it stopped
 */
export const clientLeaves: Check = async (stage) => {
  const { upstream } = stage
  const before = await upstream.generated?.()
  const customer = await newCustomer(stage)
  const { response, text, requestId, leave } = await readEvents(stage, customer)
  leave()
  const record = await recordOf(stage, requestId)
  expectThat(record.outcome === 'client_gone', `outcome is ${record.outcome}`)
  await expectHungUp(stage)
  await expectPaid(stage, customer, record)
  const { completion_tokens: charged } = record
  const [least, most] = [text, stage.tap.heard()].map((seen) => tokensIn(answerOf(response, seen)))
  expectThat(least && most && least <= charged && charged <= most, `charged ${charged} tokens`)
  if (before === undefined) return `${charged}`
  return `${charged} of ${((await upstream.generated?.()) ?? 0) - before}`
}

/** An account that runs dry in a stream is told so, and never pays more than it had. */
export const runsDry: Check = async (stage) => {
  const customer = await newCustomer(stage, SMALL_ACCOUNT)
  const body = { ...CHAT.ask(stage.place.model, MANY_TOKENS), stream: true }
  const answer = await ask(stage, CHAT.path, body, customer)
  const record = await recordOf(stage, answer.requestId)
  expectThat(record.outcome === 'out_of_credits', `outcome is ${record.outcome}`)
  expectCutOff(answer, 'insufficient_quota')
  await expectHungUp(stage)
  await expectPaid(stage, customer, record)
  return undefined
}

/** Of a server that is killed in mid-stream, what was delivered is charged, and no more. */
export const serverDies: Check = async (stage) => {
  const customer = await newCustomer(stage)
  const { response, text, rest } = await readEvents(stage, customer)
  const { pid } = stage.upstream.process
  for (const one of [pid, ...childrenOf(pid)]) process.kill(one, 'SIGKILL')
  const answer = answerOf(response, text + (await rest()))
  const record = await recordOf(stage, answer.requestId)
  expectThat(record.outcome === 'upstream_broken', `outcome is ${record.outcome}`)
  expectCutOff(answer, 'upstream_error')
  await expectPaid(stage, customer, record)
  expectThat(micro(record.charged) > 0, 'nothing was charged')
  return undefined
}

/** Where no server is any more, customers are told, and pay nothing. Runs after `serverDies`. */
export const serverAway: Check = async (stage) => {
  const customer = await newCustomer(stage)
  const body = { ...CHAT.ask(stage.place.model), stream: true }
  const answer = await ask(stage, CHAT.path, body, customer)
  expectThat(answer.status === 502, `answered ${answer.status}`)
  const paid = await paidBy(stage, customer)
  expectThat(paid === 0, `the customer paid ${paid} credits`)
  return undefined
}

/** Reads the first events of a long stream. */
async function readEvents(stage: Stage, { key }: Customer) {
  const body = { ...CHAT.ask(stage.place.model, MANY_TOKENS), stream: true }
  stage.tap.forget()
  const { response, leave } = await begin({ origin: stage.server.origin, key }, CHAT.path, body)
  expectThat(response.ok && response.body, `answered ${response.status}`)
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (text.split('\n\n').length <= EVENTS) {
    const { value, done } = await reader.read()
    expectThat(!done, `the stream ended at once: ${text}`)
    text += value
  }
  const rest = async () => {
    let more = ''
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return more
      more += value
    }
  }
  return { response, text, leave, rest, requestId: response.headers.get('x-request-id') ?? '' }
}

/** Tokens of the text that has come, as they are estimated. */
function tokensIn(answer: Answer): number {
  return Math.ceil(CHAT.textOf(answer).length / CHARACTERS_A_TOKEN)
}

function expectCutOff({ events, hasDone }: Answer, code: string): void {
  const error = events.at(-1)?.error
  expectThat(error?.code === code, `the last event is ${JSON.stringify(events.at(-1))}`)
  expectThat(!hasDone, 'a stream that was cut off ends with [DONE]')
}

/** Tollkeeper has closed the connection on which the upstream was answering. */
async function expectHungUp({ tap }: Stage): Promise<void> {
  await eventually('the upstream is still connected', () => (tap.open() === 0 ? true : undefined))
}

/** The account has paid what its one record says: its tokens at the price that is set. */
async function expectPaid(stage: Stage, customer: Customer, record: any): Promise<void> {
  const { prompt_tokens: prompt, cached_tokens: cached, completion_tokens: completion } = record
  const cost = costOf({ prompt, cached, completion })
  const charged = micro(record.charged)
  const owed = charged + micro(record.uncollected)
  expectThat(owed === cost, `charged ${record.charged} credits, and ${cost} micro-credits is right`)
  const paid = micro(String(await paidBy(stage, customer)))
  expectThat(paid === charged, `the account has paid ${paid} micro-credits, not ${charged}`)
  expectThat(paid <= micro(customer.credits), 'the account has paid more than it had')
}
