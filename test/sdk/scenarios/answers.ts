import { callsTools, whole } from './expect.ts'
import { asStream, everyWay, inOnePiece, once, type Scenario, type Surface } from './scenario.ts'

const ANSWERED = { requests: once, charge: 'some', outcome: 'completed' } as const

/** Characters of two to seven bytes, of two code units, of several code points, and of none. */
const UNICODE =
  'Привет, 世界! 👩‍👩‍👧 é e\u0301 \u2028 ﷽ 🇳🇴 \u{1F600}, "quoted" \\ back\n\tand\u00a0on.'
/** Long enough for 4,000 events of a stream. */
const LONG = 'All work and no play makes Jack a dull boy. '.repeat(364)

/** Where a client may ask for usage, so that it gets some, counted by whom it may. */
const MAY_ASK: Surface[] = ['chat', 'completions']

/** Answers in which nothing goes wrong. */
export function answers(surface: Surface): Scenario[] {
  return [
    inOnePiece(surface, 'an answer', {
      call: { model: 'sandbox-echo', asksUsage: true },
      user: whole,
      ...ANSWERED,
    }),
    asStream(surface, 'an answer', { call: { model: 'sandbox-echo' }, user: whole, ...ANSWERED }),
    asStream(surface, 'usage asked for', {
      call: { model: 'sandbox-echo', asksUsage: true },
      user: whole,
      ...ANSWERED,
    }),
    ...everyWay(surface, 'unicode', {
      call: { model: 'sandbox-echo', prompt: UNICODE },
      user: whole,
      ...ANSWERED,
    }),
    asStream(surface, 'unicode in fragments of 3 bytes', {
      call: { model: 'sandbox-fragments', prompt: UNICODE },
      user: whole,
      ...ANSWERED,
    }),
    asStream(surface, '4,000 events', {
      call: { model: 'sandbox-echo', prompt: LONG, asksUsage: true },
      user: whole,
      ...ANSWERED,
    }),
    inOnePiece(surface, 'no usage from the upstream', {
      call: { model: 'sandbox-no-usage' },
      user: whole,
      ...ANSWERED,
    }),
    asStream(surface, 'no usage from the upstream', {
      call: { model: 'sandbox-no-usage', asksUsage: MAY_ASK.includes(surface) },
      user: whole,
      ...ANSWERED,
    }),
  ]
}

/** An identifier that is no double, which parsers in between must not touch. */
export function bigIntegers(surface: Surface): Scenario[] {
  return everyWay(surface, 'a big integer for a tool', {
    call: { model: 'sandbox-tool-big-int', offersTool: true, asksUsage: true },
    user: callsTools([
      { name: 'look_up_city', arguments: '{"city":"Oslo","id":9007199254740993}' },
    ]),
    ...ANSWERED,
  })
}

/** Answers that call a tool. */
export function toolCalls(surface: Surface): Scenario[] {
  return everyWay(surface, 'a tool call', {
    call: { model: 'sandbox-tool-call', offersTool: true, asksUsage: true },
    user: callsTools([{ name: 'look_up_city', arguments: '{"city":"Oslo"}' }]),
    ...ANSWERED,
  })
}
