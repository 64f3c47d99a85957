import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Lane, type LaneCall, type LaneLimits } from '../../src/store/lanes/lane.ts'
import { HandClock } from './hand-clock.ts'

const LIMITS: LaneLimits = { batchMax: 4, queueMax: 8, timeoutMs: 60_000 }
const ROW_AT_FAULT = Object.assign(new Error('violates a check'), { code: '23514' })
const CONNECTION_LOST = Object.assign(new Error('write CONNECTION_CLOSED'), {
  code: 'CONNECTION_CLOSED',
})

/** A statement that doubles numbers; each call is kept, and waits until the test lets it go. */
function doubler(limits: Partial<LaneLimits> = {}) {
  const calls: { items: number[]; replay: boolean; end: (error?: Error) => void }[] = []
  let reconnects = 0
  const statement: LaneCall<number, number> = {
    call: (items, replay) => {
      const { promise, resolve, reject } = Promise.withResolvers<number[]>()
      const end = (error?: Error) =>
        error ? reject(error) : resolve(items.map((item) => item * 2))
      calls.push({ items, replay, end })
      return promise
    },
    reconnect: () => {
      reconnects += 1
    },
  }
  const clock = new HandClock()
  const lane = new Lane(statement, { ...LIMITS, ...limits }, clock)
  const callOf = (index: number) => nth(calls, index)
  return { lane, clock, calls, reconnects: () => reconnects, callOf }
}

/** Waits for a call to be made. */
async function nth<T>(list: T[], index: number): Promise<T> {
  while (list.length <= index) await delay(1)
  return list[index] as T
}

test('items of one turn share a call, later ones the next', async () => {
  const { lane, callOf } = doubler()
  const first = [1, 2].map((item) => lane.submit(item))
  const running = await callOf(0)
  const second = [3, 4, 5].map((item) => lane.submit(item))
  expect(lane.depth).toBe(3)
  running.end()
  expect(await Promise.all(first)).toEqual([2, 4])
  const next = await callOf(1)
  next.end()
  expect(await Promise.all(second)).toEqual([6, 8, 10])
  expect([running.items, next.items]).toEqual([
    [1, 2],
    [3, 4, 5],
  ])
})

test('a call takes no more items than its limit', async () => {
  const { lane, callOf } = doubler()
  const answers = Promise.all([1, 2, 3, 4, 5].map((item) => lane.submit(item)))
  ;(await callOf(0)).end()
  ;(await callOf(1)).end()
  expect(await answers).toEqual([2, 4, 6, 8, 10])
  expect((await callOf(0)).items).toHaveLength(4)
})

test('a full queue refuses the next item and keeps its own', async () => {
  const { lane, callOf } = doubler({ queueMax: 2 })
  const answers = [1, 2].map((item) => lane.submit(item))
  await expect(lane.submit(3)).rejects.toMatchObject({ code: 'overloaded', status: 503 })
  ;(await callOf(0)).end()
  expect(await Promise.all(answers)).toEqual([2, 4])
})

test('a bad row fails alone, the rows beside it are answered', async () => {
  const { lane, callOf, reconnects } = doubler()
  const answers = Promise.allSettled([1, 2, 3].map((item) => lane.submit(item)))
  ;(await callOf(0)).end(ROW_AT_FAULT)
  for (const index of [1, 2, 3]) {
    const { items, end, replay } = await callOf(index)
    expect(replay).toBe(true)
    end(items[0] === 2 ? ROW_AT_FAULT : undefined)
  }
  expect(await answers).toMatchObject([
    { value: 2 },
    { reason: { code: 'ledger_unavailable', cause: ROW_AT_FAULT } },
    { value: 6 },
  ])
  expect(reconnects()).toBe(0)
})

test('a lost connection is replaced and its call made again, once', async () => {
  const { lane, calls, callOf, reconnects } = doubler()
  const answers = Promise.all([1, 2].map((item) => lane.submit(item)))
  ;(await callOf(0)).end(CONNECTION_LOST)
  const again = await callOf(1)
  expect(again).toMatchObject({ items: [1, 2], replay: true })
  again.end()
  expect(await answers).toEqual([2, 4])
  expect(reconnects()).toBe(1)
  expect(calls).toHaveLength(2)
})

test('a call that fails twice fails its items, and the lane goes on', async () => {
  const { lane, callOf } = doubler()
  const answers = Promise.allSettled([lane.submit(1)])
  ;(await callOf(0)).end(CONNECTION_LOST)
  ;(await callOf(1)).end(CONNECTION_LOST)
  expect(await answers).toMatchObject([{ reason: { code: 'ledger_unavailable', status: 503 } }])
  const next = lane.submit(2)
  ;(await callOf(2)).end()
  expect(await next).toBe(4)
})

test('a call without an answer loses its connection and is made again', async () => {
  const { lane, clock, callOf, reconnects } = doubler({ timeoutMs: 30 })
  const answer = lane.submit(1)
  const hung = await callOf(0)
  clock.pass(30)
  const again = await callOf(1)
  expect(reconnects()).toBe(1)
  hung.end() // an answer from the old connection is too late
  again.end()
  expect(await answer).toBe(2)
})

test('a lane is idle when nothing is queued or running', async () => {
  const { lane, callOf } = doubler()
  await lane.idle()
  const answer = lane.submit(1)
  let isIdle = false
  const idle = lane.idle().then(() => {
    isIdle = true
  })
  const { end } = await callOf(0)
  expect(isIdle).toBe(false)
  end()
  await idle
  expect(await answer).toBe(2)
})

test('an item that waits too long is refused, and leaves the queue', async () => {
  const { lane, clock, calls, callOf } = doubler({ answerWithinMs: 20 })
  const inCall = lane.submit(1)
  const running = await callOf(0)
  const answers = Promise.allSettled([inCall, lane.submit(2)])
  clock.pass(20)
  const refused = { status: 'rejected', reason: { code: 'ledger_unavailable' } }
  expect(await answers).toMatchObject([refused, refused])
  expect(lane.depth).toBe(0)
  running.end()
  await lane.idle()
  expect(calls).toHaveLength(1)
})

test('an item of somebody who has waited before is refused before those that came earlier', async () => {
  const { lane, clock, callOf } = doubler({ answerWithinMs: 60_000 })
  const running = lane.submit(1)
  const { end } = await callOf(0)
  const patient = lane.submit(2)
  const hurried = expect(lane.submit(3, 20)).rejects.toMatchObject({ code: 'ledger_unavailable' })
  clock.pass(20)
  await hurried
  expect(lane.depth).toBe(1)
  end()
  const next = await callOf(1)
  expect(next.items).toEqual([2])
  next.end()
  expect(await Promise.all([running, patient])).toEqual([2, 4])
})

test('a call is not made again for items that nobody waits for', async () => {
  const { lane, clock, calls, callOf } = doubler({ answerWithinMs: 20 })
  const item = expect(lane.submit(1)).rejects.toMatchObject({ code: 'ledger_unavailable' })
  const running = await callOf(0)
  clock.pass(20)
  await item
  running.end(CONNECTION_LOST)
  await lane.idle()
  expect(calls).toHaveLength(1)
})
