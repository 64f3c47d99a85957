/** Every limit of the sandbox, with its unit. */

/** Entries of the call ledger; the oldest is dropped. The default of `ledgerMax`. */
export const LEDGER_ENTRIES = 100_000
/** Bytes of one request body; more is a 413. */
export const REQUEST_BODY_BYTES = 67_108_864
/** Characters of one request body that the ledger keeps; the rest is cut off. */
export const KEPT_BODY_CHARS = 1_048_576
/** Characters of all request bodies that the ledger keeps; the oldest bodies become ''. */
export const KEPT_BODIES_CHARS = 67_108_864

/** Characters of one reply, over all its choices. */
export const REPLY_CHARS = 4_000_000
/** Choices (`n`) of one call. */
export const CHOICES = 128
/** Milliseconds of one wait, before or between chunks. */
export const DELAY_MS = 60_000
/** Milliseconds that a whole (not streamed) answer waits at most for all its chunks. */
export const WHOLE_ANSWER_DELAY_MS = 600_000
/** Content chunks that may come before a fault. */
export const AT_CHUNK = 1_000_000
/** Tokens a tuned usage may report. */
export const REPORTED_TOKENS = 1_000_000_000
/** Characters of a tuned `usage` object as JSON. */
export const USAGE_CHARS = 4_096

/** Content chunks of one stream in one turn of the event loop, so that none starves the others. */
export const CHUNKS_PER_TURN = 64
/** Connections at one time; more are dropped. */
export const CONNECTIONS = 20_000
/** Connections the kernel may queue before they are accepted. */
export const LISTEN_BACKLOG = 4_096
/** Milliseconds an idle connection stays open: longer than any client's pool keeps it. */
export const KEEP_ALIVE_MS = 75_000
/** Calls in one slice of the ledger's list, so that a long list does not block running streams. */
export const CALLS_PER_SLICE = 250
