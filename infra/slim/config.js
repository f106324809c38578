/**
 * Replaces how the SDK finds its settings: only the environment is read. A function has no profile files, and
 * searching for them would load a third of `node:fs`.
 */

export { NODE_USE_DUALSTACK_ENDPOINT_CONFIG_OPTIONS } from '../../node_modules/@smithy/core/dist-es/submodules/config/config-resolver/endpointsConfig/NodeUseDualstackEndpointConfigOptions.js'
export { NODE_USE_FIPS_ENDPOINT_CONFIG_OPTIONS } from '../../node_modules/@smithy/core/dist-es/submodules/config/config-resolver/endpointsConfig/NodeUseFipsEndpointConfigOptions.js'
export { resolveRegionConfig } from '../../node_modules/@smithy/core/dist-es/submodules/config/config-resolver/regionConfig/resolveRegionConfig.js'
export { ProviderError } from '../../node_modules/@smithy/core/dist-es/submodules/config/property-provider/ProviderError.js'
export { booleanSelector } from '../../node_modules/@smithy/core/dist-es/submodules/config/util-config-provider/booleanSelector.js'
export { SelectorType } from '../../node_modules/@smithy/core/dist-es/submodules/config/util-config-provider/types.js'

/** As in the SDK. */
export const CONFIG_PREFIX_SEPARATOR = '.'
/** As in the SDK. */
export const REGION_ENV_NAME = 'AWS_REGION'
/** As in the SDK. */
export const REGION_INI_NAME = 'region'

/** Nothing: there are no profile files. */
export const NODE_REGION_CONFIG_FILE_OPTIONS = {}
/** The region, which Lambda always sets. */
export const NODE_REGION_CONFIG_OPTIONS = {
  environmentVariableSelector: (env) => env[REGION_ENV_NAME],
  default: () => {
    throw new Error('AWS_REGION is missing')
  },
}

/** A setting from the environment, or the SDK's default. */
export const loadConfig =
  ({ environmentVariableSelector: selected, default: standard }, options) =>
  async () =>
    selected(process.env, options) ?? (typeof standard === 'function' ? standard() : standard)

/** The SDK's name for no set of defaults. */
export const resolveDefaultsModeConfig = () => async () => 'legacy'
