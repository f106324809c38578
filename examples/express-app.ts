/** An Express app: everybody signs in, some may publish, and one page is open to all. */
import { authorization } from '@imsg/service'
import { personOf, protect, visitorOf } from '@imsg/service/express'
import express, { type ErrorRequestHandler } from 'express'

const port = Number(process.env.PORT ?? 8080)
const auth = authorization({
  gateway: process.env.GATEWAY ?? 'http://localhost:3000',
  origin: process.env.ORIGIN ?? `http://localhost:${port}`,
})
const org = 'demo'

const app = express()
app.get('/', protect(auth, { org, required: false }), (request, response) => {
  response.send(`Hello ${visitorOf(request)?.name ?? 'stranger'}`)
})
app.get('/desk', protect(auth, { org }), (request, response) => {
  const { name, units, has } = personOf(request)
  response.json({ name, units: units.map((unit) => ({ unit, mayWrite: has('content:write', unit) })) })
})
app.post('/publish', protect(auth, { org, permission: 'content:publish' }), (_, response) => {
  response.send('Published')
})

const sorry: Record<number, string> = {
  401: 'Sign in first.',
  403: 'You are signed in, but may not do this.',
  503: 'We cannot check who you are right now. Your work is safe: try again in a moment.',
}
const refuse: ErrorRequestHandler = (error, _request, response, next) => {
  const text = sorry[error.status]
  if (text === undefined) return next(error)
  response.status(error.status).set(error.headers).send(text)
}
app.use(refuse)
app.listen(port, 'localhost')
