/** What a body can be sent as. */
export type BodyType = 'application/json' | 'multipart/form-data'

/** Whether a body is of a type, with any parameters and case; JSON needs no type at all (W-14). */
export function isSentAs(wanted: BodyType, contentType: string | undefined): boolean {
  if (contentType === undefined) return wanted === 'application/json'
  return (contentType.split(';', 1)[0] as string).trim().toLowerCase() === wanted
}
