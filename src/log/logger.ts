import { type Logger, pino } from 'pino'

/** Bytes of log lines that are written together, and the milliseconds a line waits at most. */
const GATHER_BYTES = 4_096
const GATHER_MS = 100

/** Bytes of log lines that wait while none can be written, as on a full disk; more are lost. */
const WAITING_BYTES_MAX = 1_048_576

/**
 * The process's logger: JSON lines on standard output, readable ones where that is a terminal.
 * Requests are logged as one canonical line each, built from named facts (src/log/log-line.ts).
 */
export function createLogger(level: string): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  if (process.stdout.isTTY) return pino({ ...options, transport: { target: 'pino-pretty' } })
  return pino(options, standardOutput())
}

/** Nobody is served worse because a log can not be written: it is tried again with each flush. */
function standardOutput(): { write(line: string): void } {
  const output = pino.destination({
    minLength: GATHER_BYTES,
    maxLength: WAITING_BYTES_MAX,
    periodicFlush: GATHER_MS,
    sync: true,
  })
  let isFailing = false
  output.on('error', () => {
    isFailing = true
  })
  output.on('write', () => {
    isFailing = false
  })
  process.on('exit', () => {
    output.flush()
    if (!isFailing) output.flushSync() // it would try for ever
  })
  return { write: (line) => void output.write(line) } // nor does a fatal line call flushSync
}
