import type { List } from '../admin-client.ts'
import type { Call, Group, Output } from '../command.ts'
import { findAccountId } from '../find-account.ts'
import { listOutput, PAGE_OPTIONS } from '../paging.ts'
import { type EndedRecord, OUTCOMES, type RunningRecord, storyOf } from '../request-story.ts'
import { type Columns, moment } from '../table.ts'
import { readOneOf } from '../values.ts'

const COLUMNS: Columns<EndedRecord> = {
  id: (request) => request.id,
  ended: (request) => moment(request.created_at),
  model: (request) => request.model,
  outcome: (request) => request.outcome,
  stage: (request) => request.stage,
  status: (request) => request.status,
  error: (request) => request.error?.code,
  took: (request) => `${request.duration_ms} ms`,
  prompt: (request) => request.prompt_tokens,
  completion: (request) => request.completion_tokens,
  charged: (request) => request.charged,
}

export const request: Group = {
  says: "What became of requests. The id is the answer's x-request-id.",
  commands: {
    show: {
      says: 'Tells the story of a request: how far it came, what failed, what it cost.',
      args: ['id'],
      options: {},
      example: '01980000-0000-7000-8000-000000000000',
      run: async ({ client, arg }) => {
        const path = `/requests/${encodeURIComponent(arg('id'))}`
        const body = await client.get<EndedRecord | RunningRecord>(path)
        return { json: body, text: storyOf(body) }
      },
    },
    list: {
      says: 'Lists requests that ended, newest first.',
      args: [],
      options: {
        account: { value: '<account>', says: 'only of it, by acc_ id or external id' },
        key: { value: '<key id>', says: 'only of it', field: 'key_id' },
        model: { value: '<model>', says: 'only of it' },
        outcome: {
          value: '<outcome>',
          says: 'only with it, such as upstream_error',
          read: readOneOf(OUTCOMES),
        },
        ...PAGE_OPTIONS,
      },
      example: '--account customer-1 --outcome upstream_error',
      run: list,
    },
  },
}

async function list(call: Call): Promise<Output> {
  const { account, ...filter } = call.fields
  if (account !== undefined) filter.account_id = await findAccountId(call, String(account))
  return listOutput(await call.client.get<List<EndedRecord>>('/requests', filter), COLUMNS)
}
