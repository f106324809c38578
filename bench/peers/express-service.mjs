import express from 'express'
import { personOf, protect } from '../../service/express.ts'
import { authorization } from '../../service/index.ts'
import { ready, world } from './common.mjs'

// The library in front of a page, with the gateway behind it. The argument is how many seconds an answer is remembered.
const auth = authorization({ gateway: world.gateway, remember: Number(process.argv[2]) })
const app = express()
app.get('/token-is-set', protect(auth, { org: 'demo' }), (request, response) =>
  response.json({ msg: personOf(request).name }),
)
const server = app.listen(0, '127.0.0.1', () => ready(server.address().port))
