/**
 * Replaces the SDK's endpoint discovery, which is off by default: DynamoDB has one endpoint for each region.
 */
export const NODE_ENDPOINT_DISCOVERY_CONFIG_OPTIONS = { environmentVariableSelector: (): boolean => false }

/** The same configuration, unchanged. */
export const resolveEndpointDiscoveryConfig = <T>(input: T): T => input
