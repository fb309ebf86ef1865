/** Writes a plan as text, for people to read before it is applied. */
import type { GrantsSet } from "../../../account/Grants.ts"
import { grantNames } from "../../../errors/internal/grantsSet.ts"
import { printable } from "../../../errors/internal/printable.ts"
import * as Generation from "../lifecycle/generation.ts"
import type { Plan, PlanAction, PlanItem } from "../planning/types.ts"

/** How a plan is written. */
export interface ToTextOptions {
  /**
   * Colors by ANSI escapes, for a terminal.
   * @default false
   */
  readonly colors?: boolean | undefined
}

type Color = "cyan" | "green" | "red" | "yellow"
const codes: Readonly<Record<Color, number>> = { red: 31, green: 32, yellow: 33, cyan: 36 }

const actions: Readonly<Record<PlanAction, readonly [sign: string, color: Color | undefined, words: string]>> = {
  create: ["+", "green", "to create"],
  replace: ["~", "yellow", "to replace"],
  drifted: ["!", "yellow", "drifted"],
  finish: [">", "cyan", "to finish"],
  delete: ["-", "red", "to delete"],
  unchanged: [" ", undefined, "unchanged"]
}

const explanation = ({ action, key, missing, extra, retired }: PlanItem): string => {
  const replaces = `${key} replaces ${retired.join(", ")}`
  switch (action) {
    case "create":
      return `is created as ${key}`
    case "replace":
      return [...grantNames(missing), ...grantNames(extra)].length === 0
        ? `has other user data: ${replaces}`
        : `has other grants: ${replaces}`
    case "drifted":
      return `has lost or gained grants since it was made: ${replaces}`
    case "finish":
      return retired.every(Generation.isPlaceholder)
        ? `exists as ${key}, but may not have been published: it is published again`
        : `is ${key}: ${retired.join(", ")} will be deleted`
    case "delete":
      return `is not desired: ${retired.join(", ")} will be deleted`
    case "unchanged":
      return `is ${key}`
  }
}

/**
 * Writes a plan as lines: what happens to each key, which grants it gains (`+`) and loses (`-`), and a sum. Unchanged keys are
 * only counted. Characters of names that could drive a terminal are escaped.
 */
export const toText = ({ items }: Plan, options: ToTextOptions = {}): string => {
  const paint = (color: Color | undefined, text: string): string =>
    options.colors === true && color !== undefined ? `\u001b[${codes[color]}m${text}\u001b[0m` : text
  const grants = (sign: string, color: Color, set: GrantsSet) =>
    grantNames(set).map((name) => paint(color, `      ${sign} ${printable(name)}`))
  const blocks = items
    .filter(({ action }) => action !== "unchanged")
    .map((item) => {
      const [sign, color] = actions[item.action]
      return [
        `${paint(color, `  ${sign} ${printable(item.name)}`)} ${printable(explanation(item))}`,
        ...grants("+", "green", item.missing),
        ...grants("-", "red", item.extra),
        ...(item.owned.length === 0
          ? []
          : [paint("yellow", `      the account becomes the owner of ${printable(item.owned.join(", "))}`)])
      ].join("\n")
    })
  const sums = Object.entries(actions).flatMap(([action, [, color, words]]) => {
    const count = items.filter((item) => item.action === action).length
    return count === 0 ? [] : [paint(color, `${count} ${words}`)]
  })
  const sum = sums.length === 0 ? "no keys" : sums.join(", ")
  return [...blocks, `Plan: ${sum}.`].join("\n\n")
}
