/**
 * The name of a lease says what it is for, whose it is and when it ends, so that whoever finds it needs nothing else:
 * `lease~PURPOSE~OWNER~20261124T053000Z~ID~CHECK`. `ID` is random; `CHECK` is a checksum of all that stands before it,
 * which no name has that somebody made up.
 */
import * as Option from "effect/Option"
import { checksum } from "../text/checksum.ts"

export interface LeaseName {
  /** 1 to 40 of `A-Z a-z 0-9 _ . -`, as is the owner. */
  readonly purpose: string
  readonly owner: string
  /** UTC, to the second. */
  readonly deadline: Date
  /** 10 hexadecimal digits. */
  readonly id: string
}

const word = /^[\w.-]{1,40}$/
const pattern =
  /^(lease~([\w.-]{1,40})~([\w.-]{1,40})~(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z~([0-9a-f]{10}))~([0-9a-f]{8})$/

/** Whether a text can be the purpose or the owner of a lease. */
export const isWord = (text: string): boolean => word.test(text)

/** A name that no other lease has. */
export const make = (fields: Omit<LeaseName, "id">): LeaseName => ({
  ...fields,
  id: Array.from(globalThis.crypto.getRandomValues(new Uint8Array(5)), (byte) =>
    byte.toString(16).padStart(2, "0")
  ).join("")
})

/** The key's name. */
export const format = ({ deadline, id, owner, purpose }: LeaseName): string => {
  const time = deadline.toISOString().replace(/[-:]|\.\d+/g, "")
  const name = `lease~${purpose}~${owner}~${time}~${id}`
  return `${name}~${checksum(name)}`
}

/** What a name says, if it is a lease's. */
export const parse = (name: string): Option.Option<LeaseName> => {
  const [, text = "", purpose = "", owner = "", year, month, day, hours, minutes, seconds, id = "", check] =
    pattern.exec(name) ?? []
  if (check === undefined || checksum(text) !== check) return Option.none()
  const deadline = new Date(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`)
  return Number.isNaN(deadline.getTime()) ? Option.none() : Option.some({ purpose, owner, deadline, id })
}
