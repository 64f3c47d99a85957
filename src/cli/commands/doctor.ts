import { COMPLETIONS_MAX, OUTPUT_TOKENS_MAX } from '../../doctor/questions.ts'
import type { Call, Command, Output } from '../command.ts'
import { type Diagnosis, reportOf } from '../doctor-report.ts'
import { CliError, UsageError } from '../failure.ts'
import { readTextOrNone } from '../values.ts'
import type { Provider } from './provider.ts'

/** Milliseconds the server may take: more than it takes itself to examine an upstream. */
const TIMEOUT_MS = 150_000

/** Stands for a key on standard input, where neither the shell's history nor `ps` sees it. */
const STDIN = '-'

export const doctor: Command = {
  says: 'Examines a base URL or provider: what it lacks, and what follows.',
  args: ['upstream'],
  options: {
    'api-key': {
      value: '<key|-|none>',
      says: 'of a base URL; - reads it from standard input',
      read: readTextOrNone,
    },
    model: { value: '<name>', says: 'to ask; else one that it lists' },
    save: { value: '<name>', says: 'makes or changes a provider with what was found' },
  },
  example: 'openai',
  run: async (call) => {
    const { client, arg, fields, readStdin, note } = call
    const upstream = arg('upstream')
    const { save, model } = fields
    const isUrl = upstream.includes('://')
    refuseKeyless(isUrl, upstream, fields)
    if (fields.api_key === STDIN) fields.api_key = (await readStdin()).trim()
    note(
      `Asking ${upstream}: at most ${COMPLETIONS_MAX} chat completions, ` +
        `${OUTPUT_TOKENS_MAX} output tokens in all.`,
    )
    const apiKey = 'api_key' in fields ? { api_key: fields.api_key } : {}
    const patient = isUrl ? { base_url: upstream, ...apiKey } : { provider: upstream }
    const asked = { ...patient, ...(model !== undefined && { model }) }
    const { body } = await client.post<Diagnosis>('/doctor', asked, TIMEOUT_MS)
    const saved = typeof save === 'string' && body.usable
    if (saved) await saveAs(save, body, apiKey, call)
    return outputOf(body, upstream, typeof save === 'string' ? save : null, call.program)
  },
}

/** The key of a provider stays where it is: what is saved under another name needs one. */
function refuseKeyless(isUrl: boolean, upstream: string, fields: Call['fields']): void {
  if (isUrl || fields.save === undefined || fields.save === upstream) return
  if ('api_key' in fields) return
  throw new UsageError(`--api-key is missing: the key of ${upstream} is not told; it may be none.`)
}

async function saveAs(
  name: string,
  { base_url, profile }: Diagnosis,
  apiKey: object,
  { client }: Call,
): Promise<void> {
  const path = `/providers/${encodeURIComponent(name)}`
  const stored = await client.find<Provider>(path)
  const settings = { base_url, profile: { ...stored?.profile, ...profile }, ...apiKey }
  await client.put<Provider>(path, settings)
}

function outputOf(
  diagnosis: Diagnosis,
  upstream: string,
  save: string | null,
  program: string,
): Output {
  const text = `${reportOf(diagnosis, upstream)}\n\n${nextStep(diagnosis, save, program)}`
  const { findings } = diagnosis
  const faults = findings.filter(({ verdict }) => verdict === 'fault').length
  if (faults === 0) return { json: diagnosis, text }
  const count = `${faults} fault${faults === 1 ? '' : 's'}`
  const failure = new CliError(`${upstream} has ${count}: docs/doctor.md explains them.`)
  return { json: diagnosis, text, failure }
}

function nextStep(diagnosis: Diagnosis, save: string | null, program: string): string {
  const { usable, model } = diagnosis
  if (!usable) {
    return `${save === null ? '' : 'Nothing was saved. '}Repair what is at fault, and run this again.`
  }
  if (save === null) return 'To make it a provider, or to change one, add --save <name>.'
  return [
    `Saved as ${save}. Next:`,
    `  ${program} model set <public name> --route ${save}:${model}`,
    `  ${program} price set ${save} ${model} --input <usd> --output <usd>`,
  ].join('\n')
}
