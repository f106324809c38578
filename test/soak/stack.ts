import { fork } from 'node:child_process'
import { openDynalite } from '../../local/database.ts'

type Message =
  | Readonly<{ kind: 'ready'; url: string; identityUrl: string }>
  | Readonly<{ kind: 'memory'; rss: number }>

/** The stack in a process of its own, over a database that is not part of what is watched. */
export const openStack = async () => {
  const database = await openDynalite(undefined)
  const child = fork(new URL('./stack-process.ts', import.meta.url), [database.url])
  const memory = { rss: 0, ended: false }
  child.once('exit', () => {
    memory.ended = true
  })
  const { url, identityUrl } = await new Promise<{ url: string; identityUrl: string }>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the stack ended with ${code}`)))
    child.on('message', (message) => {
      const told = message as Message
      if (told.kind === 'ready') resolve(told)
      else memory.rss = told.rss
    })
  })
  const close = async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve))
    if (child.connected) child.disconnect()
    if (!memory.ended) await gone
    await database.close()
  }
  return { url, identityUrl, memory, close }
}
