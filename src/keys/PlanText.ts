/** A plan as text, for people to look at before it is applied. */
import type { GrantsSet } from "../account/Grants.ts"
import * as Generation from "./internal/lifecycle/generation.ts"
import { grantNames } from "../errors/internal/grantsSet.ts"
import type { Plan, PlanAction, PlanItem } from "./Plan.ts"

export interface RenderOptions {
  /** Colours by ANSI escapes: for a terminal. Default `false`. */
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

/** Names are any Unicode: none may move the cursor, or begin a line. */
const plain = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)

const explanation = ({ action, key, missing, extra, retired }: PlanItem): string => {
  switch (action) {
    case "create":
      return `is created as ${key}`
    case "replace":
      return [...grantNames(missing), ...grantNames(extra)].length === 0
        ? `is to have other user data: ${key} takes the place of ${retired.join(", ")}`
        : `is to have other grants: ${key} takes the place of ${retired.join(", ")}`
    case "drifted":
      return `has lost or got grants since it was made: ${key} takes the place of ${retired.join(", ")}`
    case "finish":
      return retired.every((name) => Generation.parse(name).number === 0)
        ? `was made as ${key}, and perhaps not published: it is published again`
        : `has been replaced by ${key}: ${retired.join(", ")} can go`
    case "delete":
      return `is not desired: ${retired.join(", ")} can go`
    case "unchanged":
      return `is ${key}`
  }
}

/**
 * A plan as lines: what happens to each key, which grants it gains (`+`) and loses (`-`), and a sum. Keys that are unchanged
 * are only counted.
 */
export const render = ({ items }: Plan, options: RenderOptions = {}): string => {
  const paint = (color: Color | undefined, text: string): string =>
    options.colors === true && color !== undefined ? `\u001b[${codes[color]}m${text}\u001b[0m` : text
  const grants = (sign: string, color: Color, set: GrantsSet) =>
    grantNames(set).map((name) => paint(color, `      ${sign} ${plain(name)}`))
  const blocks = items
    .filter(({ action }) => action !== "unchanged")
    .map((item) => {
      const [sign, color] = actions[item.action]
      return [
        `${paint(color, `  ${sign} ${plain(item.name)}`)} ${plain(explanation(item))}`,
        ...grants("+", "green", item.missing),
        ...grants("-", "red", item.extra),
        ...(item.owned.length === 0 ? [] : [paint("yellow", `      the account gets ${plain(item.owned.join(", "))}`)])
      ].join("\n")
    })
  const sums = Object.entries(actions).flatMap(([action, [, color, words]]) => {
    const count = items.filter((item) => item.action === action).length
    return count === 0 ? [] : [paint(color, `${count} ${words}`)]
  })
  const sum = sums.length === 0 ? "no keys" : sums.join(", ")
  return [...blocks, `Plan: ${sum}.`].join("\n\n")
}
