import { type Answer, ask } from '../ask.ts'
import { expectAnswered, newCustomer, paidBy, recordOf } from '../customer.ts'
import { costOf, micro, reportedUsage } from '../reported.ts'
import { type Check, expectThat, type Stage } from './check.ts'
import { CHAT, type Surface, TOKENS } from './samples.ts'

/** Where an upstream reports no usage. */
export const CHARACTERS_A_TOKEN = 4

/**
 * The books are right about a complete answer: charged is what the upstream itself reported, at
 * the price that is set, or else an estimate of what was delivered.
 * @returns `reported` or `estimated`
 */
export async function expectCharged(stage: Stage, answer: Answer, text: string): Promise<string> {
  const record = await recordOf(stage, answer.requestId)
  expectThat(record.outcome === 'completed', `outcome is ${record.outcome}`)
  const said = reportedUsage(stage.tap.heard())
  const source = said === null ? 'estimated' : 'reported'
  expectThat(record.usage_source === source, `usage is ${record.usage_source}, not ${source}`)
  const tokens = said ?? {
    prompt: record.prompt_tokens,
    cached: 0,
    completion: Math.max(1, Math.ceil(text.length / CHARACTERS_A_TOKEN)),
  }
  const charged = micro(record.charged)
  const told = JSON.stringify(said ?? 'nothing')
  expectThat(
    charged === costOf(tokens) && charged > 0,
    `charged ${record.charged} credits where the upstream reported ${told}`,
  )
  return source
}

/** An answer in one piece. */
export function whole({ path, ask: bodyOf, textOf }: Surface): Check {
  return async (stage) => {
    const customer = await newCustomer(stage)
    const answer = await ask(stage, path, bodyOf(stage.place.model), customer)
    await expectAnswered(stage, answer)
    const text = textOf(answer)
    expectThat(text.length > 0, `there is no text in ${answer.text}`)
    const source = await expectCharged(stage, answer, text)
    const record = await recordOf(stage, answer.requestId)
    expectThat(
      micro(String(await paidBy(stage, customer))) === micro(record.charged),
      'the account has not paid what the record says',
    )
    return source
  }
}

/** An answer as a stream, of which no usage was asked for. */
export function streamed({ path, ask: bodyOf, textOf }: Surface): Check {
  return async (stage) => {
    const answer = await ask(stage, path, { ...bodyOf(stage.place.model), stream: true })
    await expectAnswered(stage, answer)
    const text = textOf(answer)
    expectThat(text.length > 0, `there is no text in ${answer.text}`)
    const isFinished = /"finish_reason": ?"\w|"type": ?"(response\.completed|message_stop)"/
    expectThat(isFinished.test(answer.text), 'the stream does not say that it is complete')
    const isAnnounced = answer.events.some((event) => event?.choices?.length === 0)
    expectThat(!isAnnounced, 'there is a usage chunk that nobody asked for')
    return await expectCharged(stage, answer, text)
  }
}

/** A customer who asks for the usage of a stream gets what is charged. */
export const streamedUsage: Check = async (stage) => {
  const { path, ask: bodyOf, textOf } = CHAT
  const wanted = { stream: true, stream_options: { include_usage: true } }
  const answer = await ask(stage, path, { ...bodyOf(stage.place.model), ...wanted })
  const usage = answer.events.at(-1)?.usage
  expectThat(answer.hasDone && usage, `the end of the stream is ${answer.text.slice(-300)}`)
  const source = await expectCharged(stage, answer, textOf(answer))
  const record = await recordOf(stage, answer.requestId)
  expectThat(
    usage.prompt_tokens === record.prompt_tokens &&
      usage.completion_tokens === record.completion_tokens,
    `told ${JSON.stringify(usage)}, and charged ${record.completion_tokens} of completion`,
  )
  return source
}

/** It ends at the limit of the customer, by whatever name that goes. */
export function stopsAt(limit: 'max_tokens' | 'max_completion_tokens', stream: boolean): Check {
  return async (stage) => {
    const { max_tokens: _, ...body } = CHAT.ask(stage.place.model) as Record<string, unknown>
    const answer = await ask(stage, CHAT.path, { ...body, stream, [limit]: TOKENS })
    await expectAnswered(stage, answer)
    const record = await recordOf(stage, answer.requestId)
    expectThat(
      record.completion_tokens <= TOKENS,
      `answered with ${record.completion_tokens} tokens, not ${TOKENS}`,
    )
    expectThat(/"finish_reason": ?"length"/.test(answer.text), 'finish_reason is not length')
    return await expectCharged(stage, answer, CHAT.textOf(answer)).then(() => undefined)
  }
}
