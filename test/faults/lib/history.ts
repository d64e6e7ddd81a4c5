/** What clients saw: every call that was sent, with what came back. Each call that has an effect has a word of its own, which is its idempotency key too. */
import type { Answer, AskOptions, Gateway } from './gateway.ts'

export interface Asked {
  readonly word: string
  readonly tool: string
  /** Sent with a token that nobody gave. */
  readonly badToken: boolean
  /** On the target where every write needs a person. */
  readonly guarded: boolean
  /** What came back, the last time that it was asked. */
  answer?: Answer
  /** Why nothing came back. */
  failure?: string
}

export interface History {
  readonly asked: readonly Asked[]
  /** Everything that clients were told, for the search for secrets. */
  heard(): string
  /** A write on the SQL target. Never throws: what went wrong is in `failure`. */
  sql(gateway: Gateway, how?: AskHow): Promise<Asked>
  /** A POST on the HTTP target. */
  http(gateway: Gateway, how?: AskHow): Promise<Asked>
  /** A read of rows with planted secrets. */
  read(gateway: Gateway): Promise<Answer | undefined>
  /** The same call once more, as a client that lost its answer. */
  again(gateway: Gateway, asked: Asked): Promise<Asked>
}

export interface AskHow extends AskOptions {
  readonly word?: string
  readonly guarded?: boolean
  /** Left out: the word. */
  readonly key?: false
}

let words = 0
export const newWord = (): string => `word-${process.pid}-${++words}`

export const openHistory = (): History => {
  const asked: Asked[] = []
  const told: string[] = []
  const argsOf = new Map<string, Readonly<Record<string, unknown>>>()

  const send = async (gateway: Gateway, one: Asked, options: AskOptions): Promise<Asked> => {
    try {
      const args = argsOf.get(one.word) ?? {}
      one.answer = await gateway.call(one.tool, args, {
        ...options,
        ...(one.badToken ? { token: 'x'.repeat(43) } : {}),
      })
      told.push(JSON.stringify(one.answer))
    } catch (thrown) {
      one.failure = thrown instanceof Error ? thrown.message : String(thrown)
      told.push(one.failure)
    }
    return one
  }
  const ask = (
    gateway: Gateway,
    tool: string,
    word: string,
    args: Readonly<Record<string, unknown>>,
    how: AskHow,
  ): Promise<Asked> => {
    const { guarded = false, key, token, word: _, ...options } = how
    const one: Asked = { word, tool, guarded, badToken: token !== undefined }
    argsOf.set(one.word, { ...args, ...(key === false ? {} : { idempotency_key: word }) })
    asked.push(one)
    return send(gateway, one, options)
  }
  return {
    asked,
    heard: () => told.join('\n'),
    sql(gateway, how = {}) {
      const word = how.word ?? newWord()
      const target = how.guarded ? 'guarded' : 'shop'
      const sql = `insert into effects (word) values ('${word}')`
      return ask(gateway, 'sql_execute', word, { target, sql }, how)
    },
    http(gateway, how = {}) {
      const word = how.word ?? newWord()
      const args = { target: 'api', method: 'POST', path: `/effects/${word}`, body: { word } }
      return ask(gateway, 'http_request', word, args, how)
    },
    async read(gateway) {
      const answer = await gateway
        .call('sql_query', { target: 'shop', sql: 'select id, name, email, note from people' })
        .catch(() => undefined)
      told.push(JSON.stringify(answer ?? null))
      return answer
    },
    again(gateway, one) {
      const { answer: _, failure: __, ...rest } = one
      const fresh: Asked = { ...rest }
      asked.push(fresh)
      return send(gateway, fresh, {})
    },
  }
}
