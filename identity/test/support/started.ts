import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after } from 'node:test'
import { freePort } from '../../../test/support/ports.ts'

const root = join(import.meta.dirname, '..', '..', '..')

/** `npm start -- --provider` in a process of its own, until the tests of this file are over. */
export const startEverything = async () => {
  const [port, idpPort, providerPort] = [await freePort(), await freePort(), await freePort()]
  const started: ChildProcess = spawn(process.execPath, ['local/start.ts', '--provider'], {
    cwd: root,
    env: {
      ...process.env,
      PORT: String(port),
      IDP_PORT: String(idpPort),
      PROVIDER_PORT: String(providerPort),
      NO_WATCH: '1',
      SITE_NAME: 'Example News',
      REFRESH_EVERY: '2',
      LOG_FORMAT: 'json',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  after(async () => {
    const gone = once(started, 'exit')
    started.kill('SIGTERM')
    await gone
  })
  let said = ''
  await new Promise<void>((resolve, reject) => {
    started.once('exit', () => reject(new Error(`it ended: ${said}`)))
    started.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (said.includes('ready http')) resolve()
    })
  })
  return {
    gateway: `http://localhost:${port}`,
    identity: `http://localhost:${idpPort}`,
    provider: `http://127.0.0.1:${providerPort}`,
  }
}
