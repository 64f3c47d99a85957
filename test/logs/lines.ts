import { Value } from '@sinclair/typebox/value'
import { LogLineSchema } from '../../src/log/log-schema.ts'
import type { LogLine } from '../harness/proxy.ts'

const FAULTS_SHOWN = 3

/** The lines of a log; every one must be JSON. */
export function parseLines(text: string): LogLine[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}

/** The canonical lines of a log. */
export function requestLines(text: string): LogLine[] {
  return parseLines(text).filter(({ msg }) => msg === 'request')
}

/** What is wrong with the first lines that do not fit the published schema; empty when all do. */
export function faultsOf(lines: LogLine[]): string[] {
  return lines
    .filter((line) => !Value.Check(LogLineSchema, line))
    .slice(0, FAULTS_SHOWN)
    .map((line) => {
      const schema = LogLineSchema.anyOf['stage' in line ? 0 : 1]
      const [first] = Value.Errors(schema, line)
      return `${first?.path} ${first?.message}: ${JSON.stringify(line)}`
    })
}
