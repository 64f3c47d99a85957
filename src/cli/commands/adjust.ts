import type { Command, Output } from '../command.ts'
import { findAccountId } from '../find-account.ts'
import { postOnce } from '../post-once.ts'
import { printable } from '../table.ts'
import type { Account } from './account.ts'

type Adjustment = { account: Account; reference: string; credits: string; reason: string }

export const adjust: Command = {
  says: 'Corrects a balance, once for each reference.',
  args: ['account', 'credits'],
  options: {
    reference: { value: '<text>', says: 'what it is known by, such as a ticket', required: true },
    reason: {
      value: '<text>',
      says: 'why credits are given, or taken with a minus',
      required: true,
    },
    request: { value: '<id>', says: 'the request that it corrects', field: 'request_id' },
  },
  example: 'customer-1 -0.5 --reference ticket-12 --reason double-grant',
  run: async (call) => {
    const id = await findAccountId(call, call.arg('account'))
    const sent = { credits: call.arg('credits'), ...call.fields }
    const advice = 'The adjustment may have taken effect: repeat it as it is.'
    const path = `/accounts/${id}/adjustments`
    const { body, created } = await postOnce<Adjustment>(call.client, path, sent, advice)
    return adjustOutput(body, created)
  },
}

function adjustOutput(body: Adjustment, created: boolean): Output {
  const { account, reference, credits } = body
  const done = created ? 'Adjusted' : 'Adjusted before, without a second effect:'
  const text = `${done} ${account.name} by ${credits} credits, ${account.available} available.`
  return { json: body, text: printable(`${text} Reference: ${reference}`) }
}
