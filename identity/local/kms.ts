import {
  constants,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  privateEncrypt,
  randomUUID,
} from 'node:crypto'
import type { RequestListener } from 'node:http'
import { text } from 'node:stream/consumers'
import { listenOnLoopback } from '../../local/listening.ts'

/**
 * A stand-in for AWS on this machine: KMS (`Sign` of RS512 digests, `GetPublicKey`) and one secret, in the
 * words of AWS JSON 1.1.
 */

/** Faults to simulate. `silent`: it accepts requests and never answers. */
type KmsFaults = { failEvery?: number; down?: boolean; silent?: boolean }

type Answer = Readonly<{ status: number; body: object }>

/** The DigestInfo of SHA-512: RFC 8017 section 9.2. */
const digestInfo = Buffer.from('3051300d060960864801650304020305000440', 'hex')

const failed = (type: string, status = 400): Answer => ({ status, body: { __type: type, message: type } })

const signature = (
  key: KeyObject,
  { Message, MessageType, SigningAlgorithm }: Record<string, unknown>,
): Answer => {
  const digest = Buffer.from(String(Message), 'base64')
  if (SigningAlgorithm !== 'RSASSA_PKCS1_V1_5_SHA_512') return failed('InvalidKeyUsageException')
  if (MessageType !== 'DIGEST' || digest.length !== 64) return failed('ValidationException')
  const padded = { key, padding: constants.RSA_PKCS1_PADDING }
  const bytes = privateEncrypt(padded, Buffer.concat([digestInfo, digest]))
  return { status: 200, body: { Signature: bytes.toString('base64'), SigningAlgorithm } }
}

const publicKey = (key: KeyObject): Answer => {
  const der = createPublicKey(key).export({ type: 'spki', format: 'der' })
  const body = { PublicKey: der.toString('base64'), KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' }
  return { status: 200, body }
}

/**
 * A running stand-in. A key is made when it is first named, so that any id does. `secret`: the text of every
 * secret.
 */
export const startKms = async (secret = '{}') => {
  const keys = new Map<string, KeyObject>()
  const faults: KmsFaults = {}
  let calls = 0

  const answerTo = (operation: string, asked: Record<string, unknown>): Answer => {
    if (operation === 'secretsmanager.GetSecretValue') return { status: 200, body: { SecretString: secret } }
    calls++
    if (faults.down) return failed('KMSInternalException', 500)
    if (faults.failEvery !== undefined && calls % faults.failEvery === 0) return failed('ThrottlingException')
    const id = String(asked.KeyId)
    const key = keys.get(id) ?? generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    keys.set(id, key)
    if (operation === 'TrentService.Sign') return signature(key, asked)
    return operation === 'TrentService.GetPublicKey' ? publicKey(key) : failed('UnknownOperationException')
  }

  const listener: RequestListener = async (request, response) => {
    const sent = await text(request)
    if (faults.silent) return
    const { status, body } = answerTo(String(request.headers['x-amz-target']), JSON.parse(sent || '{}'))
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() }
    response.writeHead(status, headers).end(JSON.stringify(body))
  }
  const { port, close } = await listenOnLoopback(listener, 0)
  return { url: `http://127.0.0.1:${port}`, faults, close }
}
