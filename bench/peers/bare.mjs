import { plain } from './common.mjs'

const handler = async () => ({ statusCode: 200 })
plain(async () => [(await handler()).statusCode, '{"msg":"ok"}'])
