import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type RequestListener, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { smoke } from '../../infra/smoke.ts'
import { checks } from '../../infra/smoke-checks.ts'
import { methodAndPath, type Route, routes } from '../../lib/routes.ts'
import { type Stack, startStack } from '../../local/stack.ts'

/** The smoke test against a gateway that is well, and against gateways that each break one promise. */

const root = join(import.meta.dirname, '..', '..')
const editor = 'https://editor.example.com'
let stack: Stack

/** An answer on its way back, which a broken gateway spoils. */
type Passing = { path: string; status: number; headers: Record<string, string | string[]>; body: string }
let spoil: (answer: Passing) => void = () => {}

const front: RequestListener = (incoming, outgoing) => {
  const { method, headers, url: path = '/' } = incoming
  const sent = request(new URL(path, stack.url), { method, headers }, async (answer) => {
    let body = ''
    for await (const piece of answer.setEncoding('utf8')) body += piece
    const kept = Object.entries(answer.headersDistinct).filter(([name]) => name !== 'content-length')
    const passing: Passing = {
      path,
      status: answer.statusCode ?? 0,
      headers: Object.fromEntries(kept.map(([name, values = []]) => [name, values])),
      body,
    }
    spoil(passing)
    outgoing.writeHead(passing.status, passing.headers).end(passing.body)
  })
  incoming.pipe(sent)
}
const server = createServer(front)
let url = ''

before(async () => {
  await once(server.listen(0, 'localhost'), 'listening')
  url = `http://localhost:${(server.address() as AddressInfo).port}`
  stack = await startStack({
    port: 0,
    idpPort: 0,
    refreshEvery: 3600,
    env: { PUBLIC_URL: url, CORS_ALLOWED_ORIGINS: editor },
  })
})
after(async () => {
  server.close()
  await stack.close()
})

/** The problems that are found with this in the way. */
const problemsWith = async (broken: typeof spoil, options = {}): Promise<string[]> => {
  spoil = broken
  const findings = await smoke(url, options)
  return findings.flatMap(({ what, problems }) => problems.map((problem) => `${what}: ${problem}`))
}

const cli = async (...args: string[]) => {
  const child = spawn(process.execPath, ['infra/smoke.ts', ...args], { cwd: root })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  const [status] = await once(child, 'exit')
  return { status, stdout }
}

describe('the smoke test', () => {
  it('asks something of every route', () => {
    const paths = checks('https://gateway.example.com', { org: 'demo' }).map(({ sent: { path } }) => path)
    for (const [name, row] of Object.entries<Route>(routes)) {
      const at = methodAndPath(row)
      const pattern = at && new RegExp(`^${at.path.replace(/\{\w+\}/, '[^/]+')}(\\?|$)`)
      ok(pattern === undefined || paths.some((path) => pattern.test(path)), name)
    }
  })

  it('finds nothing wrong with a gateway that is well, and knows no secret', async () => {
    deepEqual(await problemsWith(() => {}), [])
    deepEqual(await problemsWith(() => {}, { org: 'demo', cors: editor }), [])
  })

  const broken: [what: string, spoil: typeof spoil, problem: RegExp, options?: object][] = [
    [
      'a 401 with a body of its own',
      (answer) => {
        if (answer.status === 401) answer.body = '"Unauthorized"'
      },
      /token-is-set, nobody: the key of token_missing: body is/,
    ],
    [
      'a poll that is good for everybody',
      (answer) => {
        if (/token-is-set/.test(answer.path)) answer.status = 200
      },
      /token-is-set, nobody: .*status 200, not 401/,
    ],
    [
      'a cache that may keep the health',
      (answer) => {
        if (/health/.test(answer.path)) answer.headers['cache-control'] = 'max-age=60'
      },
      /health: .*cache-control is "max-age=60", not "no-store"/,
    ],
    [
      'a health without a state',
      (answer) => {
        if (!/health/.test(answer.path)) return
        answer.status = 500
        answer.body = '{"inGrace":false,"stateChecksum":"No checksum string"}'
      },
      /health: .*status 500, not 200: there is no state/,
    ],
    [
      'a page with a script',
      (answer) => {
        answer.body = answer.body.replace('</body>', '<script>1</script></body>')
      },
      /units, nobody: the page of token_missing: the page has a script/,
    ],
    [
      'a problem document of another code',
      (answer) => {
        answer.body = answer.body.replaceAll('foreign_origin', 'token_missing')
      },
      /logout, another site: the problem document of foreign_origin: code is "token_missing"/,
    ],
    [
      'permission for whatever origin asks',
      (answer) => {
        answer.headers['access-control-allow-origin'] = '*'
      },
      /CORS, a preflight of an origin that is not listed: .*access-control-allow-origin is "\*", not missing/,
    ],
    [
      'no permission for a listed origin',
      (answer) => {
        delete answer.headers['access-control-allow-origin']
      },
      /CORS, a request of a listed origin: .*access-control-allow-origin is missing/,
      { cors: editor },
    ],
    [
      'a login cookie that scripts can read',
      (answer) => {
        const cookies = [answer.headers['set-cookie'] ?? []].flat()
        answer.headers['set-cookie'] = cookies.map((cookie) => cookie.replace('; HttpOnly', ''))
      },
      /org-login: a login is begun: imsg-login-[\w-]{8} lacks httponly/,
      { org: 'demo' },
    ],
    [
      'a login that nothing ties to its browser',
      (answer) => {
        delete answer.headers['set-cookie']
      },
      /org-login: a login is begun: whether a cookie is set.* is false, not true/,
      { org: 'demo' },
    ],
    [
      'a refusal without a challenge',
      (answer) => {
        delete answer.headers['www-authenticate']
      },
      /token-is-set, nobody: the key of token_missing: www-authenticate is missing/,
    ],
    [
      'a login that comes back to somebody else',
      (answer) => {
        const { location = '' } = answer.headers
        answer.headers.location = String(location).replace(
          encodeURIComponent(url),
          'https%3A%2F%2Felsewhere.example',
        )
      },
      /org-login: a login is begun: the callback URL is "https:\/\/elsewhere/,
      { org: 'demo' },
    ],
    [
      'a session for a login that nobody began',
      (answer) => {
        if (/imid_token/.test(answer.path)) answer.headers['set-cookie'] = 'imidToken=smoke'
      },
      /callback, a login that nobody began: .*a cookie is set: imidToken/,
    ],
    [
      'a logout that keeps the cookie',
      (answer) => {
        if (/logout/.test(answer.path)) delete answer.headers['set-cookie']
      },
      /logout, nobody: .*no cookie is taken away/,
    ],
  ]
  for (const [what, spoiled, problem, options] of broken)
    it(`finds ${what}`, async () => {
      const problems = await problemsWith(spoiled, options)
      ok(
        problems.some((found) => problem.test(found)),
        problems.join('\n') || 'nothing was found',
      )
    })

  it('says that an organisation cannot sign in', async () => {
    const problems = await problemsWith(() => {}, { org: 'nobody' })
    match(
      problems.join('\n'),
      /^org-login: a login is begun: status 403, not 302: is this organisation known\?/,
    )
  })

  it('tells a person line by line, and a program by its status', async () => {
    spoil = () => {}
    const well = await cli(url, '--org', 'demo')
    equal(well.status, 0, well.stdout)
    match(well.stdout, /^ok {3}200 health: /)
    match(well.stdout, /\n(\d+) of \1 answers of http:\/\/localhost:\d+ are as documented\.\n$/)

    spoil = (answer) => {
      answer.status = 503
    }
    const ill = await cli(url)
    equal(ill.status, 1)
    match(ill.stdout, /^FAIL 503 health: .*\n {9}status 503\n/)
    deepEqual(
      [(await cli()).status, (await cli('gateway')).status, (await cli(url, '--no')).status],
      [2, 2, 2],
    )
    const nobody = await cli('http://localhost:1')
    equal(nobody.status, 1)
    match(nobody.stdout, /^FAIL --- health: .*\n {9}no answer: /)
  })
})
