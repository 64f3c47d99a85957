/** The columns of the matrix: its clients, at the versions that are pinned. */
import { readFileSync } from 'node:fs'

export type Column = {
  /** The head of the column. */
  name: string
  /** What users call it. */
  title: string
  version: string
}

const npmLock = JSON.parse(textOf('package-lock.json')).packages

export const COLUMNS = {
  openai4: npm('openai 4', '`openai` for JavaScript', 'openai-4'),
  openai5: npm('openai 5', '`openai` for JavaScript', 'openai-5'),
  openai6: npm('openai 6', '`openai` for JavaScript', 'openai-6'),
  openai7: npm('openai 7', '`openai` for JavaScript', 'openai'),
  aiOpenai: npm('ai openai', '`ai` with `@ai-sdk/openai`', '@ai-sdk/openai'),
  aiCompatible: npm(
    'ai compat',
    '`ai` with `@ai-sdk/openai-compatible`',
    '@ai-sdk/openai-compatible',
  ),
  langchain: npm('langchain', '`@langchain/openai`', '@langchain/openai'),
  pythonOpenai1: pip('py openai 1', '`openai` for Python', 'openai-1', 'openai'),
  pythonOpenai3: pip('py openai 3', '`openai` for Python', 'newest', 'openai'),
  anthropic: npm('anthropic', '`@anthropic-ai/sdk`', '@anthropic-ai/sdk'),
  aiAnthropic: npm('ai anthropic', '`ai` with `@ai-sdk/anthropic`', '@ai-sdk/anthropic'),
  pythonAnthropic: pip('py anthropic', '`anthropic` for Python', 'newest', 'anthropic'),
} satisfies Record<string, Column>

/** A client for JavaScript, as package-lock.json has it. */
function npm(name: string, title: string, folder: string): Column {
  return { name, title, version: npmLock[`node_modules/${folder}`].version }
}

/** A client for Python, as the requirements of its environment have it. */
function pip(name: string, title: string, environment: string, distribution: string): Column {
  const pinned = textOf(`python/requirements/${environment}.txt`)
  const version = new RegExp(`^${distribution}==(.+)$`, 'm').exec(pinned)?.[1]
  if (!version) throw new Error(`${environment}.txt does not pin ${distribution}`)
  return { name, title, version }
}

function textOf(file: string): string {
  return readFileSync(new URL(file, import.meta.url), 'utf8')
}
