import type { Call, Command, Output } from '../command.ts'
import { postOnce } from '../post-once.ts'
import { type Columns, printable, record, table } from '../table.ts'
import { readPast } from '../values.ts'

type Sums = Record<'charged' | 'cost' | 'given' | 'taken' | 'uncollected', string> & {
  requests: number
}

type Correction = Sums & {
  state: 'report' | 'running' | 'done'
  reference: string | null
  accounts: number
  left_alone: number
  assumed_markups: number
  largest: (Sums & { account_id: string })[]
}

/** Milliseconds for a report, which reads all requests of its time. */
const REPORT_TIMEOUT_MS = 300_000

const PATH = '/corrections'

const MONEY: Columns<Sums> = {
  charged: ({ charged }) => charged,
  'right cost': ({ cost }) => cost,
  'given back': ({ given }) => given,
  taken: ({ taken }) => taken,
  uncollected: ({ uncollected }) => uncollected,
}

const TOTALS: Columns<Correction> = {
  requests: ({ requests }) => requests,
  accounts: ({ accounts }) => accounts,
  ...MONEY,
  'left alone': ({ left_alone }) => left_alone,
  'markup of now': ({ assumed_markups }) => assumed_markups,
}

const ACCOUNTS: Columns<Correction['largest'][number]> = {
  account: ({ account_id }) => account_id,
  requests: ({ requests }) => requests,
  ...MONEY,
}

export const correct: Command = {
  says: 'Puts right what was charged at a wrong price, once a reference; first reports it.',
  args: ['provider', 'model'],
  options: {
    from: {
      value: '<time>',
      says: 'requests that began since: yesterday, 2026-11-01',
      required: true,
      read: readPast,
    },
    to: { value: '<time>', says: 'requests that began before (now)', read: readPast },
    apply: { says: 'does it, and needs the next two; without, nothing is changed' },
    reference: { value: '<text>', says: 'what it is known by, such as a memo' },
    reason: { value: '<text>', says: 'why, for the ledger' },
  },
  example: 'acme llama-4 --from 2026-11-01 --apply --reference m-7 --reason typo',
  run: async (call) => {
    const asked = { provider: call.arg('provider'), model: call.arg('model'), ...call.fields }
    return correctionOutput(await (call.fields.apply ? applied : reported)(call, asked))
  },
}

async function reported({ client }: Call, asked: object): Promise<Correction> {
  return (await client.post<Correction>(PATH, asked, REPORT_TIMEOUT_MS)).body
}

/** The server works a while at a time: as long as it is not done, it is asked again. */
async function applied({ client, fields, note }: Call, asked: object): Promise<Correction> {
  const times = ['from', 'to'].filter((name) => name in fields)
  const same = times.map((name) => `--${name} ${fields[name]}`).join(' ') // `24h` is another by then
  const advice = `The correction may be half way: repeat it with ${same}, and it goes on.`
  for (;;) {
    const { body } = await postOnce<Correction>(client, PATH, asked, advice)
    if (body.state !== 'running') return body
    note(`Corrected so far: ${body.requests} requests of ${body.accounts} accounts`)
  }
}

function correctionOutput(body: Correction): Output {
  const headline =
    body.state === 'report'
      ? 'Nothing has changed. With --apply:'
      : printable(`Corrected. Reference: ${body.reference}`)
  const parts = [headline, record(body, TOTALS)]
  if (body.largest.length > 0) parts.push('', table(body.largest, ACCOUNTS))
  return { json: body, text: parts.join('\n') }
}
