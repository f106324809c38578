import express from 'express'
import { auth } from 'express-openid-connect'
import { ready, world } from './common.mjs'

// Its session is an encrypted cookie. The ID token in it is not verified again.
const app = express()
app.use(
  auth({
    authRequired: false,
    authorizationParams: { response_type: 'code' },
    clientSecret: 'bench',
    issuerBaseURL: 'https://unused.example.test',
    baseURL: 'http://127.0.0.1',
    clientID: 'bench',
    secret: 'a secret of thirty-two characters and more',
  }),
)
app.get('/begin', (request, response) => {
  Object.assign(request.appSession, { id_token: world.token, token_type: 'Bearer' })
  response.json({ begun: true })
})
app.get('/token-is-set', (request, response) =>
  request.oidc.isAuthenticated()
    ? response.json({ msg: 'ok' })
    : response.status(401).json('errors.auth.MissingToken'),
)
const server = app.listen(0, '127.0.0.1', async () => {
  const { port } = server.address()
  const begun = await fetch(`http://127.0.0.1:${port}/begin`)
  const cookie = begun.headers
    .getSetCookie()
    .map((text) => text.split(';')[0])
    .join('; ')
  ready(port, cookie)
})
