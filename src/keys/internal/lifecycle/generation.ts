/**
 * The names of a key and of its replacements. Keys cannot be edited or renamed, so a replacement has a name of its own, that
 * of the next generation: `tiles`, `tiles~2`, `tiles~3`. The name of a key that a plan made also carries a fingerprint:
 * `tiles~1~0f3c52aa`. While a plan makes and publishes the first key, the placeholder `tiles~0~0f3c52aa` exists, which has no
 * rights. A key named `tiles~2~decided` has no rights either: it records what happens to generation 2 (see `family.ts`).
 */
import * as Option from "effect/Option"
import * as LeaseName from "./leaseName.ts"

export interface Generation {
  /** The name that all generations have in common. */
  readonly base: string
  /** Counts from 1. 0 is the placeholder of a first key. */
  readonly number: number
  /** Eight hexadecimal digits if a plan made the key. */
  readonly fingerprint: string | undefined
}

const pattern = /^([^]+?)~(0|[1-9]\d{0,5})(?:~([0-9a-f]{8}))?$/
const decided = "~decided"

/** The name of the key that is this generation. */
export const format = ({ base, fingerprint, number }: Generation): string => {
  if (fingerprint !== undefined) return `${base}~${number}~${fingerprint}`
  return number === 1 ? base : `${base}~${number}`
}

/** Reads a name. Every name is that of a generation: a name without a number is a first generation. */
export const parse = (name: string): Generation => {
  const [, base = name, number = "1", fingerprint] = pattern.exec(name) ?? []
  const read = { base, number: Number(number), fingerprint }
  const known = read.number > 0 || fingerprint !== undefined
  return known && format(read) === name ? read : { base: name, number: 1, fingerprint: undefined }
}

/** Whether a key of this name is a placeholder, which nobody uses. */
export const isPlaceholder = (name: string): boolean => parse(name).number === 0

/** The name of the key that records the decision about a generation. */
export const formatDecision = (generation: string): string => `${generation}${decided}`

/** The full name of the generation that a key of this name records a decision about; `undefined` for other names. */
export const parseDecision = (name: string): string | undefined =>
  name.endsWith(decided) && name.length > decided.length ? name.slice(0, -decided.length) : undefined

/** Whether a name can be the base of generations. */
export const isBase = (name: string): boolean =>
  parse(name).base === name && parseDecision(name) === undefined && Option.isNone(LeaseName.parse(name))
