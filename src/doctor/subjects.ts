/** What a finding is about; findings come in this order. */
export const SUBJECTS = [
  'base_url',
  'api_version',
  'key',
  'models',
  'completion',
  'usage',
  'output_limit',
  'stream',
  'stream_options',
  'stream_usage',
  'reasoning',
  'developer_role',
  'errors',
  'abort',
  'speed',
] as const

export type Subject = (typeof SUBJECTS)[number]
