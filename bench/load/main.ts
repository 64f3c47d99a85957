/** The load generator, a process of its own: takes one order at a time over the IPC channel. */
import type { Order, Reply, RunResult } from './orders.ts'
import { Session } from './session.ts'

let session: Session | null = null

process.on('message', (order: Order) => {
  obey(order).then(
    (result) => reply({ ok: true, result }),
    (error) => reply({ ok: false, message: String(error) }),
  )
})
process.on('disconnect', () => process.exit())
// The parent decides when this ends; a Ctrl-C in the terminal reaches the parent too.
process.on('SIGINT', () => {})

async function obey(order: Order): Promise<RunResult | null> {
  if (order.kind === 'open') {
    session?.close()
    session = new Session(order)
    await session.open()
    return null
  }
  if (order.kind === 'run') {
    if (!session) throw new Error('run before open')
    return await session.run(order)
  }
  session?.close()
  session = null
  return null
}

function reply(message: Reply): void {
  // A parent that is gone wants no reply; 'disconnect' ends this process.
  process.send?.(message, undefined, undefined, () => {})
}
