/** The version of the package; the bundler puts it in. */
declare const EFFECT_CARTO_VERSION: string | undefined

export const version: string = typeof EFFECT_CARTO_VERSION === "string" ? EFFECT_CARTO_VERSION : "0.0.0-source"
