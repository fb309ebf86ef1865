import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"

/** Provides configuration from variables that are looked up by name. An empty variable counts as missing. */
export const envConfigProvider = (
  lookUp: (name: string) => string | undefined,
  onThrow = "the variable cannot be read"
): ConfigProvider.ConfigProvider =>
  ConfigProvider.make(([name]) =>
    Effect.try({
      try: () => {
        const value = lookUp(String(name))
        return value === undefined || value === "" ? undefined : ConfigProvider.makeValue(value)
      },
      catch: (cause) => new ConfigProvider.SourceError({ message: onThrow, cause })
    })
  )
