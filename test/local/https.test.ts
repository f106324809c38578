import { deepEqual, equal, match, throws } from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { certificateIn } from '../../local/https.ts'
import { trustLocalhost } from '../../local/trust.ts'
import { root, start } from './starting.ts'

/** Sends a request without `Sec-Fetch-Mode`, which `fetch` would add. `cookies`: as they were set. */
const ask = async (url: string, cookies: readonly string[] = []) => {
  const cookie = cookies.map((set) => set.split(';')[0]).join('; ')
  const [answer] = await once(get(url, { headers: { cookie }, agent: false }), 'response')
  const { statusCode, headers } = answer.resume() as IncomingMessage
  return { status: statusCode, location: headers.location ?? '', cookies: headers['set-cookie'] ?? [] }
}

describe('npm start -- --https', () => {
  it('serves gateway and identity service on one domain, with the cookies of a deployment', async () => {
    const { url, child, ended, text, says } = await start({ PORT: '0', REFRESH_EVERY: '0' }, root, [
      process.execPath,
      'local/start.mjs',
      '--https',
    ])
    match(url ?? '', /^https:\/\/gateway\.imsg\.localhost:\d+$/, text())
    const [, file = ''] = /certificate +(\S+), made/.exec(await says(/, made by \w+/)) ?? []
    trustLocalhost(await readFile(file, 'utf8'))

    const begun = await ask(`${url}/imsg-service/v1/login?org=demo&callback=/`)
    match(begun.location, /^https:\/\/identity\.imsg\.localhost:\d+\//)
    const back = await ask(`${begun.location}&subject=editor`)
    const signedIn = await ask(back.location, begun.cookies)
    const cookies = signedIn.cookies.filter((cookie) => !cookie.includes('Max-Age=0'))
    match(cookies[0] ?? '', /^imidToken=.*; Domain=imsg\.localhost; HttpOnly; Secure; SameSite=Lax$/)
    equal((await ask(`${url}/imsg-service/v1/token-is-set`, cookies)).status, 200)
    equal((await ask(`${url}/whoami`, cookies)).status, 200)
    child.kill('SIGTERM')
    await ended
  })

  it('uses mkcert, or else openssl, and reports when neither is installed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'imsg-https-'))
    const { PATH = '' } = process.env
    equal(certificateIn(join(folder, 'a'), { PATH }).madeBy, 'openssl')

    const script = `#!/bin/sh
[ "$1" = -CAROOT ] && echo "${folder}" && exit
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=test -keyout "$2" -out "${folder}/rootCA.pem"
cp "${folder}/rootCA.pem" "$4"`
    await writeFile(join(folder, 'mkcert'), script, { mode: 0o755 })
    const made = certificateIn(join(folder, 'b'), { PATH: `${folder}:${PATH}` })
    deepEqual([made.madeBy, made.files.authority], ['mkcert', join(folder, 'rootCA.pem')])

    throws(() => certificateIn(join(folder, 'c'), { PATH: join(folder, 'nothing') }), {
      message:
        'npm start -- --https needs mkcert or openssl to make a certificate, and finds neither. Install one of them.',
    })
    await rm(folder, { recursive: true })
  })
})
