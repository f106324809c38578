import { readFileSync } from 'node:fs'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { baseStyle, icon } from '../../lib/errors/page.ts'
import { authorization } from '../../service/index.ts'
import { whoIs } from './who.ts'

type Answer = { status?: number; type: string; body: string; policy?: string }

const headers = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const read = (name: string): string => readFileSync(file(name), 'utf8')

const json = (body: unknown, status = 200): Answer => ({
  status,
  type: 'application/json',
  body: JSON.stringify(body),
})

/** The page's script and the client in one file, not minified so that people can read it. */
const bundle = async (): Promise<string> => {
  const options = { bundle: true, write: false, format: 'esm', target: 'es2022', logLevel: 'silent' } as const
  const { outputFiles } = await build({ entryPoints: [file('page.ts')], ...options })
  return outputFiles.map(({ text }) => text).join('')
}

/** The path of the page that explains all errors. */
export const errorsPath = '/errors.html'

/** A small service behind the gateway, on its origin. Resolves to false when the request is not for it. */
export const demo = (options: { gateway: string; cookieName: string; standIn?: boolean }) => {
  const auth = authorization({ gateway: options.gateway, cookie: options.cookieName })
  const page = read('page.html')
    .replace('<!-- icon -->', icon)
    .replace('data-identity=""', `data-identity="${options.standIn ? 'stand-in' : 'real'}"`)
  const [style, favicon, errors] = [
    baseStyle + read('page.css'),
    read('page.svg'),
    read('../../docs/errors.html'),
  ]
  let script: Promise<string> | undefined

  const pages: Record<string, (headers: IncomingHttpHeaders) => Answer | Promise<Answer>> = {
    '/': () => ({ type: 'text/html', body: page }),
    '/demo.css': () => ({ type: 'text/css', body: style }),
    '/demo.svg': () => ({ type: 'image/svg+xml', body: favicon }),
    // The page has its own policy. This adds the directives that only work in a header.
    [errorsPath]: () => ({ type: 'text/html', body: errors, policy: "frame-ancestors 'none'" }),
    '/demo.js': async () => {
      script ??= bundle()
      return { type: 'text/javascript', body: await script }
    },
    '/whoami': (headers) =>
      whoIs(auth, headers).then(
        (who) => (who ? json(who) : json({ signedIn: false }, 401)),
        // Not 401: without an answer from the gateway, nothing is known about the person.
        () => json({ signedIn: 'unknown' }, 503),
      ),
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const path = request.url?.split('?', 1)[0] ?? ''
    const show = pages[path]
    if (!show || (request.method !== 'GET' && request.method !== 'HEAD')) return false
    const { status = 200, type, body, policy } = await show(request.headers)
    const own = {
      'content-type': `${type}; charset=utf-8`,
      ...(policy && { 'content-security-policy': policy }),
    }
    response.writeHead(status, { ...headers, ...own }).end(body)
    return true
  }
}
