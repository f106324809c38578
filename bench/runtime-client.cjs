'use strict'
// The loop of Lambda's Node.js runtime: gets an event from the Runtime API, calls the handler, posts its
// answer. Like the real client (aws-lambda-ric) it loads node:http before the handler, so the function does
// not pay for that.
const http = require('node:http')
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':')
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })

const ask = (method, path, body, headers = {}) =>
  new Promise((resolve, reject) => {
    const request = http.request(
      { host, port, agent, method, path: `/2018-06-01/runtime/${path}`, headers },
      (response) => {
        const pieces = []
        response.on('data', (piece) => pieces.push(piece))
        response.on('end', () =>
          resolve({ headers: response.headers, text: Buffer.concat(pieces).toString() }),
        )
      },
    )
    request.on('error', reject)
    request.end(body)
  })

// Reports the cost of the process so far to `runtime-api.ts`.
const cost = () => {
  const { user, system } = process.cpuUsage()
  return { 'bench-cpu-us': String(user + system), 'bench-rss-kb': String(process.resourceUsage().maxRSS) }
}

const serve = async (handler) => {
  for (;;) {
    const { headers, text } = await ask('GET', 'invocation/next')
    const id = headers['lambda-runtime-aws-request-id']
    const deadline = Number(headers['lambda-runtime-deadline-ms'])
    const context = { awsRequestId: id, getRemainingTimeInMillis: () => deadline - Date.now() }
    try {
      const answer = JSON.stringify(await handler(JSON.parse(text), context))
      await ask('POST', `invocation/${id}/response`, answer, cost())
    } catch (error) {
      await ask('POST', `invocation/${id}/error`, JSON.stringify({ errorMessage: String(error) }), cost())
    }
  }
}

const [file, member] = process.env._HANDLER.split('.')
import(pathToFileURL(join(process.env.LAMBDA_TASK_ROOT, `${file}.mjs`)).href)
  .then((module) => serve(module[member]))
  .catch((error) => ask('POST', 'init/error', JSON.stringify({ errorMessage: String(error.stack) })))
