/** Whether a body is JSON: the type with any parameters and case, or no type at all (W-14). */
export function isJson(contentType: string | undefined): boolean {
  return contentType === undefined || /^\s*application\/json\s*(;|$)/i.test(contentType)
}
