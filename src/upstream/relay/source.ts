/** Where the bytes of an answer come from, as far as a relay steers it. */
export type Source = {
  /** Ends it at once; it is heard no more. */
  abort(reason: string): void
  pause(): void
  resume(): void
}
