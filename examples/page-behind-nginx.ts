/**
 * A page behind nginx or Caddy (docs/proxies). Every request comes from a signed-in person with access, who
 * is named in the headers. It needs no login, token, key or package.
 */
import { createServer, type IncomingMessage } from 'node:http'

/** A header of the proxy: percent-encoded UTF-8, possibly empty. */
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

// Listens on loopback, because only the proxy may reach it: it trusts these headers.
server.listen(Number(process.env.PORT ?? 8081), 'localhost')
