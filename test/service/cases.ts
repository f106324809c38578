import { deepEqual, equal, match } from 'node:assert/strict'
import { createServer } from 'node:net'
import { after, before, it } from 'node:test'
import { type Stack, startStack } from '../../local/stack.ts'
import type { Person } from '../../service/index.ts'
import { type Seen, visitor, type Wish } from '../support/visitor.ts'
import { openWire } from '../support/wire.ts'

/** What every adapter has to hold to, with the gateway of the local stack behind it. */

/** The rules of the service that each adapter builds, by path. */
export const rules = {
  '/': { org: 'demo' },
  '/publish': { org: 'demo', permission: 'content:publish' },
  '/north': { org: 'demo', unit: 'north', permission: 'content:write' },
  '/open': { org: 'demo', required: false },
} as const

/** What each path answers. */
export const described = (person: Person | undefined): object =>
  person === undefined
    ? { nobody: true }
    : {
        sub: person.sub,
        org: person.org,
        name: person.name,
        email: person.email,
        unit: person.unit ?? null,
        units: person.units,
        publishes: person.has('content:publish'),
        writes: person.has('content:write', 'north'),
      }

export type Served = Readonly<{ ask(path: string, wish?: Wish): Promise<Seen>; close(): Promise<void> }>

type Adapter = Readonly<{
  open(settings: { gateway: string; origin: string; remember: number }): Promise<Served>
  /** Builds the service with a rule that is none; has to throw. Left out where that is another process. */
  misspelt?(): unknown
  /** The status by which an adapter says what is 302, 401, 403 or 503 over HTTP. */
  as?: Readonly<Record<number, number>>
}>

const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const scripted = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }
const origin = 'https://editor.demo.example.com'
/** Seconds. */
const remember = 1

/** A host that takes a connection and never says a word. */
const openSilence = async () => {
  const server = createServer((socket) => socket.on('error', () => {}).unref())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return { port: typeof address === 'object' ? address?.port : 0, close: () => server.close() }
}

export const cases = ({ open, misspelt, as = {} }: Adapter): void => {
  let stack: Stack
  let wire: Awaited<ReturnType<typeof openWire>>
  let served: Served
  const status = (code: number) => as[code] ?? code
  const [editor, chief] = [visitor('editor'), visitor('chief')]
  const cookieOf = (person: typeof editor) => ({
    cookie: `imidToken=${person.cookies.get('imidToken')}; theme=dark`,
  })
  const answered = (seen: Seen) => {
    equal(seen.status, 200, seen.body)
    return JSON.parse(seen.body)
  }
  const refused = async (expected: number, seen: Promise<Seen>) => {
    const { status: found, headers, body } = await seen
    deepEqual([found, headers.location], [status(expected), undefined], body)
  }
  const questions = () => wire.seen.join('').split('GET /imsg-service/v1/authorize').length - 1

  before(async () => {
    stack = await startStack({ port: 0, idpPort: 0, refreshEvery: 0 })
    wire = await openWire(Number(new URL(stack.url).port))
    for (const person of [editor, chief])
      await person.open(`${stack.url}/imsg-service/v1/org/demo/login?callback=/`)
    served = await open({ gateway: `http://localhost:${wire.port}`, origin, remember })
  })
  after(async () => {
    await served.close()
    await wire.cut()
    await stack.close()
  })

  it('1. says who it is', async () => {
    const { sub, ...rest } = answered(await served.ask('/', { headers: cookieOf(editor) }))
    match(sub, /^demo_/)
    const [name, email] = ['Edith Reyes', 'editor@demo.example.com']
    const units = ['north', 'south']
    deepEqual(rest, { org: 'demo', name, email, unit: null, units, publishes: false, writes: true })
  })

  it('2. takes a bearer before the cookie, and rescues no bad one', async () => {
    const authorization = `Bearer ${chief.cookies.get('imidToken')}`
    equal(
      answered(await served.ask('/', { headers: { ...cookieOf(editor), authorization } })).name,
      'Chiara Lund',
    )
    await refused(401, served.ask('/', { headers: { ...cookieOf(editor), authorization: 'Bearer x.y.z' } }))
  })

  it('3. sends a navigation of nobody to the login, and back to the page that was asked for', async () => {
    const seen = await served.ask('/?id=1&q=%C3%A5', { headers: navigation })
    equal(seen.status, status(302))
    if (seen.status !== 302) return
    const { origin: where, pathname, searchParams } = new URL(seen.headers.location ?? '')
    deepEqual(
      [where, pathname, searchParams.get('callback'), seen.headers['cache-control']],
      [
        `http://localhost:${wire.port}`,
        '/imsg-service/v1/org/demo/login',
        `${origin}/?id=1&q=%C3%A5`,
        'no-store',
      ],
    )
  })

  it('4. answers 401 to whatever else comes from nobody', async () => {
    await refused(401, served.ask('/', { headers: scripted }))
    await refused(401, served.ask('/', { headers: { ...navigation, 'sec-purpose': 'prefetch' } }))
    await refused(401, served.ask('/', { headers: { accept: 'application/json' } }))
    await refused(401, served.ask('/', { method: 'POST', headers: navigation }))
  })

  it('5. answers 403 where a permission is missing, also to a navigation', async () => {
    await refused(403, served.ask('/publish', { headers: { ...navigation, ...cookieOf(editor) } }))
    equal(answered(await served.ask('/publish', { headers: cookieOf(chief) })).publishes, true)
  })

  it('6. knows what holds in the unit of the rule', async () => {
    const { writes, publishes } = answered(await served.ask('/north', { headers: cookieOf(editor) }))
    deepEqual([writes, publishes], [true, false])
  })

  it('7. serves nobody where the rule lets nobody in', async () => {
    deepEqual(answered(await served.ask('/open', { headers: navigation })), { nobody: true })
    equal(answered(await served.ask('/open', { headers: cookieOf(editor) })).name, 'Edith Reyes')
  })

  it('8. trusts a forged token and two sessions no more than the gateway does', async () => {
    const [head, body] = (editor.cookies.get('imidToken') ?? '').split('.')
    await refused(401, served.ask('/', { headers: { cookie: `imidToken=${head}.${body}.AAAA` } }))
    const twice = `${cookieOf(editor).cookie}; imidToken=${chief.cookies.get('imidToken')}`
    await refused(401, served.ask('/', { headers: { cookie: twice } }))
  })

  it('9. asks once for many requests at once, keeps people apart, and asks again when the answer is old', async () => {
    await new Promise((resolve) => setTimeout(resolve, remember * 1000))
    wire.seen.length = 0
    const names = await Promise.all(
      Array.from({ length: 100 }, async (_, index) =>
        answered(await served.ask('/', { headers: cookieOf(index % 2 === 0 ? editor : chief) })),
      ),
    )
    deepEqual(
      names.map(({ name }) => name),
      names.map((_, index) => (index % 2 === 0 ? 'Edith Reyes' : 'Chiara Lund')),
    )
    equal(questions(), 2)
    await new Promise((resolve) => setTimeout(resolve, remember * 1000))
    await served.ask('/', { headers: cookieOf(editor) })
    equal(questions(), 3)
  })

  it('10. notices a sign-out elsewhere', async () => {
    const somebody = visitor('editor')
    await somebody.open(`${stack.url}/imsg-service/v1/org/demo/login?callback=/`)
    equal((await served.ask('/', { headers: cookieOf(somebody) })).status, 200)
    await somebody.ask(`${stack.url}/imsg-service/v1/logout`, {
      method: 'POST',
      headers: { ...cookieOf(somebody), origin: stack.url },
    })
    await new Promise((resolve) => setTimeout(resolve, remember * 1000))
    await refused(401, served.ask('/', { headers: { ...scripted, ...cookieOf(somebody) } }))
  })

  it('11. answers 503 and starts no login while the gateway is away or silent, and remembers none of it', async () => {
    await new Promise((resolve) => setTimeout(resolve, remember * 1000))
    await wire.cut()
    await refused(503, served.ask('/', { headers: { ...navigation, ...cookieOf(editor) } }))
    await refused(503, served.ask('/open', { headers: { ...navigation, ...cookieOf(editor) } }))
    await wire.mend()
    equal((await served.ask('/', { headers: cookieOf(editor) })).status, 200)

    const silence = await openSilence()
    const other = await open({ gateway: `http://localhost:${silence.port}`, origin, remember })
    const began = performance.now()
    await refused(503, other.ask('/', { headers: { ...navigation, ...cookieOf(editor) } }))
    equal(Math.round((performance.now() - began) / 1000), 3)
    await other.close()
    silence.close()
  })

  it('12. is not built with a misspelt rule', async () => {
    if (misspelt === undefined) return
    let error: unknown
    try {
      await misspelt()
    } catch (thrown) {
      error = thrown
    }
    match(String(error), /ConfigError: rule: "permision" is unknown/)
  })
}
