import { deepEqual, equal, notEqual } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it, mock } from 'node:test'
import { forged } from '../support/forger.ts'
import { asProblem, browser, codeOf, navigation, set } from '../support/gateway.ts'
import { openForgedGateway } from '../support/present.ts'

mock.timers.enable({ apis: ['Date'], now: Date.now() })
const gateway = await openForgedGateway()
const there = 'https://app.example.test/'

type Login = { person: ReturnType<typeof browser>; query: URLSearchParams }

const begun = async (callback = there): Promise<Login> => {
  const person = browser()
  return { person, query: await gateway.begin(person, callback) }
}

/** What comes of a callback: what it was answered, and everything that must not have happened. */
const arrive = async (
  query: URLSearchParams | string,
  cookies: readonly string[],
  raw = forged(),
  on = gateway.call,
) => {
  gateway.front.reset()
  const answer = await on('callback', {
    query: `${query}&imid_token=${raw}`,
    cookies,
    headers: { ...asProblem, ...navigation },
  })
  return {
    status: answer.statusCode,
    code: answer.statusCode < 400 ? '' : codeOf(answer),
    location: answer.headers.location,
    session: set(answer).some(({ name }) => name === 'imidToken'),
    writes: gateway.front.calls.write,
  }
}

const refused = (code: string, status = 403) => ({
  status,
  code,
  location: undefined,
  session: false,
  writes: 0,
})
const done = (location = there) => ({ status: 302, code: '', location, session: true, writes: 0 })
const foreign = refused('login_not_from_this_browser')

const proofOf = ({ query }: Login): string => query.get('login') ?? ''
const cookieOf = ({ person }: Login): readonly [string, string] => [...person.cookies][0] ?? ['', '']
/** The same login, with something else instead of its cookie's value. */
const holding = (login: Login, value: string): string[] => [`${cookieOf(login)[0]}=${value}`]
const withProof = (login: Login, proof: string): URLSearchParams => {
  const query = new URLSearchParams(login.query)
  query.set('login', proof)
  return query
}

/** What the gateway would keep in the browser for this proof, made by hand. */
const cookieValue = (proof: string, org = 'demo'): string => {
  const begun = gateway.now()
  const digest = createHash('sha256')
    .update(JSON.stringify([proof, begun, org, there]))
    .digest('base64url')
  return `${begun.toString(36)}!${org}!${digest}`
}

describe('Login CSRF', () => {
  it('is refused for a link that somebody prepared, in a browser that began no login', async () => {
    const attacker = await begun()
    deepEqual(await arrive(attacker.query, []), foreign)
    deepEqual(await arrive(`serviceCallback=${encodeURIComponent(there)}`, []), foreign)
  })

  it('is refused in a browser that began a login of its own', async () => {
    const [attacker, victim] = [await begun(), await begun()]
    deepEqual(await arrive(attacker.query, victim.person.pairs()), foreign)
    deepEqual(await arrive(victim.query, attacker.person.pairs()), foreign)
    deepEqual(await arrive(victim.query, victim.person.pairs()), done())
  })

  it('is refused when a session is there: the victim stays who they are', async () => {
    const attacker = await begun()
    const mine = forged({ claims: { sub: 'victim' } })
    const answer = await gateway.call('callback', {
      query: `${attacker.query}&imid_token=${forged({ claims: { sub: 'attacker' } })}`,
      cookies: [`imidToken=${mine}`],
    })
    deepEqual([answer.statusCode, answer.headers.location, answer.cookies], [403, undefined, undefined])
  })

  it('is refused for a return URL that was changed on the way, be it to another that is allowed', async () => {
    const login = await begun('https://app.example.test/a?b=1#c')
    const changes = ['https://evil.test/', '//evil.test', 'javascript:alert(1)', '/', '/a?b=1#c']
    for (const path of ['/', '/a?b=1', '/a?b=1#d', '/a?b=1#c ', '/a?b=1#c/', '/A?b=1#c', '/%61?b=1#c'])
      changes.push(`https://app.example.test${path}`)
    for (const head of [
      'https://a.app.example.test',
      'HTTPS://app.example.test',
      'https://app.example.test:443',
    ])
      changes.push(`${head}/a?b=1#c`)
    for (const changed of [...changes, encodeURIComponent('https://app.example.test/a?b=1#c')]) {
      const query = new URLSearchParams(login.query)
      query.set('serviceCallback', changed)
      deepEqual(await arrive(query, login.person.pairs()), foreign, changed)
    }
    const whole = 'https://app.example.test/a?b=1#c'
    deepEqual(await arrive(login.query, login.person.pairs()), done(whole), 'the login is not spent')
  })

  it('is refused when a session is there, for a return URL that is not allowed or not the one of the login', async () => {
    const login = await begun()
    const cookies = [...login.person.pairs(), `imidToken=${forged({ claims: { jti: 'was there' } })}`]
    const query = new URLSearchParams(login.query)
    query.set('serviceCallback', 'https://evil.test/')
    deepEqual(await arrive(query, cookies), refused('return_url_not_allowed', 400))
    // The same person goes on, and the session that was there stays.
    query.set('serviceCallback', 'https://app.example.test/other')
    deepEqual(await arrive(query, cookies), { ...done('https://app.example.test/other'), session: false })
  })

  it('is refused for a token of another organisation than the one the login began at', async () => {
    const login = await begun()
    deepEqual(
      await arrive(login.query, login.person.pairs(), forged({ claims: { org: 'second' } })),
      refused('login_other_organisation'),
    )
  })

  it('is refused when the organisation in the cookie is changed to that of the token', async () => {
    const login = await begun()
    const value = cookieOf(login)[1].replace('!demo!', '!second!')
    deepEqual(
      await arrive(login.query, holding(login, value), forged({ claims: { org: 'second' } })),
      foreign,
    )
  })

  it('is refused with any other proof', async () => {
    const login = await begun()
    const proof = proofOf(login)
    const proofs = {
      missing: '',
      cut: proof.slice(0, -1),
      longer: `${proof}A`,
      'of the same cookie with another secret': proof.slice(0, 8) + 'A'.repeat(24),
      'in another case': proof.toUpperCase(),
      'only the name of the cookie': proof.slice(0, 8),
      'with a separator': `${proof.slice(0, 31)}!`,
      'with a newline': `${proof}\n`,
      'like a member of every object': '__proto__',
      'very long': proof.repeat(100),
    }
    for (const [what, other] of Object.entries(proofs))
      deepEqual(await arrive(withProof(login, other), login.person.pairs()), foreign, what)
  })

  it('is refused with a proof that is no secret of ours, even beside its own cookie', async () => {
    const a31 = 'A'.repeat(31)
    for (const proof of ['x', 'short', a31, `${a31}AA`, `${a31}=`, `${a31} `]) {
      const cookie = `__Host-imsg-login-${proof.slice(0, 8)}=${cookieValue(proof)}`
      const query = new URLSearchParams({ serviceCallback: there, login: proof })
      deepEqual(
        await arrive(query.toString().replaceAll('+', '%20'), [cookie]),
        foreign,
        JSON.stringify(proof),
      )
    }
  })

  it('ends well with such a cookie and a proof of the right shape: the two halves are all it takes', async () => {
    const proof = 'A'.repeat(32)
    const cookie = `__Host-imsg-login-AAAAAAAA=${cookieValue(proof)}`
    const query = new URLSearchParams({ serviceCallback: there, login: proof })
    deepEqual(await arrive(query, [cookie]), done())
  })

  it('is refused with such a cookie for an organisation of no name', async () => {
    const proof = 'A'.repeat(32)
    for (const org of ['.', '..', '.demo', 'a/b', 'd\u00e9mo', 'x'.repeat(65)]) {
      const cookie = `__Host-imsg-login-AAAAAAAA=${cookieValue(proof, org)}`
      const query = new URLSearchParams({ serviceCallback: there, login: proof })
      deepEqual(await arrive(query, [cookie]), foreign, org)
    }
  })

  it('is refused with a login cookie of any other value', async () => {
    const login = await begun()
    const value = cookieOf(login)[1]
    const [time = '', org = '', digest = ''] = value.split('!')
    const values = {
      empty: '',
      'no digest': `${time}!${org}`,
      'another digest': `${time}!${org}!${'A'.repeat(43)}`,
      'a digest that is cut': value.slice(0, -1),
      longer: `${value}A`,
      'more fields': `${value}!x`,
      'separators inside': `${time}!de!mo!${digest}`,
      'no organisation': `${time}!!${digest}`,
      'another organisation': `${time}!second!${digest}`,
      'a time that is none': `-1!${org}!${digest}`,
      'no time': `!${org}!${digest}`,
      'a time of a hundred digits': `${'z'.repeat(100)}!${org}!${digest}`,
      'quotes around it': `"${value}"`,
      'a space before it': ` ${value}`,
      'percent-encoding': value.replaceAll('!', '%21'),
      'a control character': `${value}\0`,
      '4 kB': value.padEnd(4096, 'A'),
    }
    for (const [what, other] of Object.entries(values))
      deepEqual(await arrive(login.query, holding(login, other)), foreign, what)
    deepEqual(await arrive(login.query, holding(login, value)), done())
  })

  it('is refused with the cookie there twice: one of them may have been planted', async () => {
    const login = await begun()
    const [own = ''] = login.person.pairs()
    for (const cookies of [
      [own, own],
      [own, `${cookieOf(login)[0]}=x`],
      [`${cookieOf(login)[0]}=x`, own],
    ])
      deepEqual(await arrive(login.query, cookies), foreign)
  })

  it('is refused with the cookie under a name that a sibling host can set', async () => {
    const login = await begun()
    const [name, value] = cookieOf(login)
    for (const other of [
      ...['', '__host-', '__Secure-'].map((prefix) => name.replace('__Host-', prefix)),
      ...[`\u2000${name}`, `${name} `, name.toUpperCase()],
    ])
      deepEqual(await arrive(login.query, [`${other}=${value}`]), foreign, JSON.stringify(other))
  })

  it('finds no proof anywhere but in the address of the identity service, nor a secret in the cookie', async () => {
    const before = gateway.lines.length
    const login = await begun()
    const [name, value] = cookieOf(login)
    equal(value.includes(proofOf(login).slice(8)), false)
    equal(name, `__Host-imsg-login-${proofOf(login).slice(0, 8)}`)
    equal(gateway.lines.slice(before).join().includes(proofOf(login)), false)
    equal(proofOf(login).length, 32)
    notEqual(proofOf(login), proofOf(await begun()))
  })

  it('is possible where LOGIN_BINDING is off, and says so in no other place', async () => {
    const loose = await gateway.open('callback', gateway.instance({ LOGIN_BINDING: 'off' }))
    const on = (_name: unknown, request: Parameters<typeof loose>[0]) => loose(request)
    const query = `serviceCallback=${encodeURIComponent(there)}`
    deepEqual(await arrive(query, [], forged(), on), done())
    // A login that did begin here is still held to its organisation.
    const login = await begun()
    deepEqual(
      await arrive(login.query, login.person.pairs(), forged({ claims: { org: 'second' } }), on),
      refused('login_other_organisation'),
    )
    // And the return URL is still that of the organisation of the token.
    deepEqual(
      await arrive(query, [], forged({ claims: { org: 'second' } }), on),
      refused('return_url_not_allowed', 400),
    )
  })
})
