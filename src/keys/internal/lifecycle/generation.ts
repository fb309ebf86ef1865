/**
 * Keys cannot be edited or renamed, so one that is replaced goes on under another name, that of its next generation:
 * `tiles`, `tiles~2`, `tiles~3`. A key that a plan made carries a fingerprint of the grants that were asked for, too:
 * `tiles~1~0f3c52aa`. While its first key is made and published, `tiles~0~0f3c52aa` holds the place: a key without any
 * rights, to whose token nobody has access. Which is the one in use, and whether a replacement was begun and not ended, is read from the names.
 */
import type { ApiKey } from "../../../account/ApiKey.ts"
import * as Option from "effect/Option"
import * as LeaseName from "./leaseName.ts"

export interface Generation {
  /** What all generations have in common: the name to ask for. */
  readonly base: string
  /** Counts from 1; 0 holds the place of a first key. */
  readonly number: number
  /** Eight hexadecimal digits, where a plan made the key. */
  readonly fingerprint: string | undefined
}

const pattern = /^([^]+?)~(0|[1-9]\d{0,5})(?:~([0-9a-f]{8}))?$/

/** The key's name. */
export const format = ({ base, fingerprint, number }: Generation): string => {
  if (fingerprint !== undefined) return `${base}~${number}~${fingerprint}`
  return number === 1 ? base : `${base}~${number}`
}

/** What a name says. Every name is one of a generation: the first, if it says nothing else. */
export const parse = (name: string): Generation => {
  const [, base = name, number = "1", fingerprint] = pattern.exec(name) ?? []
  const read = { base, number: Number(number), fingerprint }
  const known = read.number > 0 || fingerprint !== undefined
  return known && format(read) === name ? read : { base: name, number: 1, fingerprint: undefined }
}

/** Whether a name can be that of all generations of a key. */
export const isBase = (name: string): boolean => parse(name).base === name && Option.isNone(LeaseName.parse(name))

/** The regular keys of each base name, from the oldest generation to the newest. Leases are left out. */
export const group = (keys: ReadonlyArray<ApiKey>): ReadonlyMap<string, ReadonlyArray<ApiKey>> => {
  const groups = new Map<string, Array<ApiKey>>()
  for (const key of keys) {
    if (key.type !== "regular" || Option.isSome(LeaseName.parse(key.name))) continue
    const { base } = parse(key.name)
    groups.set(base, [...(groups.get(base) ?? []), key])
  }
  const order = (self: ApiKey, that: ApiKey): number =>
    parse(self.name).number - parse(that.name).number ||
    self.createdAt.getTime() - that.createdAt.getTime() ||
    (self.name < that.name ? -1 : 1)
  for (const generations of groups.values()) generations.sort(order)
  return groups
}
