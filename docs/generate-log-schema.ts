import { writeFile } from 'node:fs/promises'
import { LogLineSchema } from '../src/log/log-schema.ts'

const COLUMNS = 100

/** docs/log-schema.json: the JSON Schema of the canonical log line, formatted as Biome would. */
export function logSchemaPage(): string {
  const lists = /^( *"[^"]+": )\[\s*([^[\]{}]*?)\s*\]/gm
  const json = JSON.stringify(LogLineSchema, null, 2).replace(lists, (list, name, items) => {
    const line = `${name}[${items.replace(/\n\s*/g, ' ')}]`
    return line.length < COLUMNS ? line : list
  })
  return `${json}\n`
}

if (import.meta.main) await writeFile(new URL('log-schema.json', import.meta.url), logSchemaPage())
