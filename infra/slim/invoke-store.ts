/**
 * Instead of the store of the runtime's invocations: the SDK takes the trace from the environment, and
 * one call at a time is served.
 */
export const InvokeStore = { getInstanceAsync: async (): Promise<undefined> => undefined }
