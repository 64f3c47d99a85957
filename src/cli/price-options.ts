import { CLASS_NAMES, PART_NAMES } from '../domain/prices/price-terms.ts'
import type { Option } from './command.ts'

const USD = '<usd>'
const CLASSES = Object.keys({ ...CLASS_NAMES, ...PART_NAMES })

const cost = (says: string): Option => ({ value: USD, says })

/** What a price says beside input and output. */
export const TERMS_OPTIONS: Readonly<Record<string, Option>> = {
  'cached-input': cost('a million cached prompt tokens (as input)'),
  reasoning: cost('a million reasoning tokens (as output)'),
  request: cost('a request, beside its tokens (0)'),
  'cache-write': cost('tokens written to a cache (as input)'),
  'cache-write-1h': cost('those written for an hour (as cache-write)'),
  'input-audio': cost('audio in the prompt (as input)'),
  'cached-input-audio': cost('cached audio (as input-audio)'),
  'input-image': cost('images in the prompt (as input)'),
  'cached-input-image': cost('cached images (as input-image)'),
  'output-audio': cost('audio in the answer (as output)'),
  'output-image': cost('images in the answer (as output)'),
  tool: {
    value: '<name>=<usd>',
    says: 'a call of a hosted tool: web_search_call=0.01 (0)',
    field: 'tools',
    many: true,
    read: readTool,
  },
  step: {
    value: '<terms>',
    says: 'for long prompts: above=200000,input=6,output=22.5',
    field: 'steps',
    many: true,
    read: readStep,
  },
  hours: {
    value: '<terms>',
    says: 'hours (UTC) with another price: 16:30-00:30,input=0.2',
    many: true,
    read: readHours,
  },
}

/** Tools are told one by one, and sent together. */
export function termsFields({ tools, ...fields }: Record<string, unknown>) {
  return tools === undefined ? fields : { ...fields, tools: Object.fromEntries(tools as Pair[]) }
}

type Pair = [name: string, text: string]

function readTool(text: string): Pair {
  const [, name, usd] = text.match(/^([^=]+)=(.+)$/) ?? []
  if (name === undefined || usd === undefined) throw new Error('it must be <name>=<usd>')
  return [name, usd]
}

function readStep(text: string) {
  const { above = '', ...amounts } = readPairs(text, ['above', ...CLASSES])
  if (!/^[0-9]{1,10}$/.test(above)) throw new Error('it must have above=<prompt tokens>')
  return { above: Number(above), ...amounts }
}

function readHours(text: string) {
  const [, from, until, rest] = text.match(/^([0-9:]+)-([0-9:]+),(.+)$/) ?? []
  if (rest === undefined) throw new Error('it must be <from>-<until>,<class>=<usd>')
  return { from, until, ...readPairs(rest, [...CLASSES, 'request']) }
}

function readPairs(text: string, names: readonly string[]): Record<string, string> {
  const pairs = text.split(',').map((part) => {
    const [name = '', value = ''] = part.split('=')
    const field = name.trim().replaceAll('-', '_')
    if (!names.includes(field)) throw new Error(`it can have ${names.join(', ')}`)
    return [field, value.trim()]
  })
  return Object.fromEntries(pairs)
}
