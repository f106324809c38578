/**
 * Replaces the store of concurrent invocations: a function serves one at a time, so the environment is
 * enough.
 */
export const InvokeStore = { getInstanceAsync: async (): Promise<undefined> => undefined }
