const TIME_PATTERN = /^([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?$/

/** Reads a time of day such as `16:30` or `16:30:00` into seconds since midnight; else null. */
export function parseTime(text: string): number | null {
  const [, hours, minutes, seconds = '0'] = text.match(TIME_PATTERN) ?? []
  if (hours === undefined) return null
  return (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)
}

/** Writes seconds since midnight as a time of day, with seconds where they are not 0. */
export function formatTime(secondOfDay: number): string {
  const parts = [
    Math.floor(secondOfDay / 3_600),
    Math.floor(secondOfDay / 60) % 60,
    secondOfDay % 60,
  ]
  const [hours, minutes, seconds] = parts.map((part) => String(part).padStart(2, '0'))
  return seconds === '00' ? `${hours}:${minutes}` : `${hours}:${minutes}:${seconds}`
}
