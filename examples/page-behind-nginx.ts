/**
 * A page behind nginx (or Caddy, see docs/proxies): everybody who gets here is signed in and allowed in, and
 * the headers say who they are. No login, no token, no key and no package.
 */
import { createServer, type IncomingMessage } from 'node:http'

/** A header of the proxy: percent-encoded UTF-8, empty where there is nothing. */
const said = (request: IncomingMessage, name: string): string =>
  decodeURIComponent(String(request.headers[`x-imid-${name}`] ?? ''))

const html = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

const server = createServer((request, response) => {
  const [name, org, units] = [said(request, 'name'), said(request, 'org'), said(request, 'units')]
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'private' })
  response.end(`<!doctype html>
<title>Hello</title>
<h1>Hello ${html(name)}</h1>
<p>Of ${html(org)}, in the units ${html(units) || 'of nobody'}.</p>
<form method="post" action="${html(process.env.GATEWAY ?? 'http://localhost:3000')}/imsg-service/v1/logout"><button>Sign out</button></form>`)
})

// Only the proxy may reach it: it believes what these headers say.
server.listen(Number(process.env.PORT ?? 8081), 'localhost')
