import { isJsonObject, type JsonObject } from '../lib/json-object.ts'

/** The JSON object in a text, or undefined. */
export const objectIn = (text: string): JsonObject | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
