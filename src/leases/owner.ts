import { isDeclaredDead } from '../store/sqlstate.ts'

/** Who owns the holds of this process: an id, and another where others have declared it dead. */
export class Owner {
  #id: string
  readonly #register: () => Promise<string>
  #renewing: Promise<void> | null = null

  /** @param register makes a new id known to the others */
  constructor(id: string, register: () => Promise<string>) {
    this.#id = id
    this.#register = register
  }

  get id(): string {
    return this.#id
  }

  /** Goes on under a new id, where it is still that one. */
  async renew(deadId: string): Promise<void> {
    if (this.#id !== deadId) return
    this.#renewing ??= this.#register()
      .then((id) => {
        this.#id = id
      })
      .finally(() => {
        this.#renewing = null
      })
    await this.#renewing
  }

  /**
   * Places holds. A process that stood still for a while finds out here that it was declared dead,
   * and places them under its new id: others would end those of the old one at once.
   */
  async place<T>(holds: (id: string) => Promise<T>): Promise<T> {
    const id = this.#id
    try {
      return await holds(id)
    } catch (error) {
      if (!isDeclaredDead(error)) throw error
      await this.renew(id)
      return holds(this.#id)
    }
  }
}
