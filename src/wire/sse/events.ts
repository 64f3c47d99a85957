import type { ProxyError } from '../../errors.ts'
import { errorBody } from '../error-body.ts'

/** An event on one line: line feeds in JSON are white space. */
export function dataEvent(json: string): string {
  return `data: ${json.replaceAll('\n', '')}\n\n`
}

/** An event, with its name where it has one; its data repeat the name as `type` (W-58). */
export function sseEvent(json: string, name?: string): string {
  return name === undefined ? dataEvent(json) : `event: ${name}\n${dataEvent(json)}`
}

/** A failure after the head was written: one event, no `event:` line, no `choices` (W-64). */
export function errorEvent(error: ProxyError): string {
  return dataEvent(JSON.stringify(errorBody(error)))
}
