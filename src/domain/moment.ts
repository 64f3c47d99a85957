const TIME = String.raw`\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?`
const ZONE = String.raw`Z|[+-]\d{2}:?\d{2}`
const MOMENT = new RegExp(String.raw`^(\d{4}-\d{2}-\d{2})(?:[T ](${TIME}))?(${ZONE})?$`, 'i')

/**
 * Reads a date, or a date with a time, of ISO 8601: in UTC where it names no zone, whatever zone
 * the process runs in. Null where it is none, such as February 30, which `Date` takes for March 2.
 */
export function readMoment(text: string): Date | null {
  const [, date, time = '00:00', zone = 'Z'] = text.match(MOMENT) ?? []
  if (date === undefined) return null
  const day = new Date(`${date}T00:00Z`)
  if (Number.isNaN(day.getTime()) || !day.toISOString().startsWith(date)) return null
  const moment = new Date(`${date}T${time}${zone}`)
  return Number.isNaN(moment.getTime()) ? null : moment
}
