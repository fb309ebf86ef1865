/** From an expression to the functions that it runs, and the sequences and settings that those are given. */
import { isOpaque, lastval, sequenceFunctions, settingFunctions, setval } from "../builtins.ts"
import type { Call, Expression } from "../tree/expressions.ts"
import { type Context, type Following, type Item, run } from "./follow.ts"
import { changeSetting, readSetting } from "../settings.ts"

/** The first oid of objects that are not PostgreSQL's own. */
const firstOwn = 16_384

/** A function of PostgreSQL itself that shows less than it needs. */
const followBuiltin = ({ catalog, usage }: Following, name: string, call: Call, { statement, via }: Context): void => {
  if (name === setval) usage.sets.add(String(call.oid), call.oid, [statement])
  else if (sequenceFunctions.has(name)) {
    if (call.oid === undefined) usage.addOpaque("a sequence by a name that is computed", via, statement)
    else usage.sequences.add(String(call.oid), call.oid, [statement])
  } else if (settingFunctions.has(name)) {
    const setting = call.text?.toLowerCase()
    if (setting === undefined) usage.addOpaque("a setting by a name that is computed", via, statement)
    else if (name === "set_config") changeSetting(catalog, usage, setting, statement)
    else readSetting(catalog, usage, setting, statement)
  } else if (isOpaque(name)) {
    // a name without a schema is looked up where every key may look
    const isPlainName = name.startsWith("to_reg") && call.text !== undefined && !call.text.includes(".")
    if (!isPlainName) usage.addOpaque(`pg_catalog.${name}`, via, statement)
  }
}

const followCall = (following: Following, call: Call, context: Context): ReadonlyArray<Item> => {
  const { catalog, usage } = following
  const { statement, via } = context
  const routine = catalog.routines.get(call.routine)
  if (routine === undefined) {
    if (call.routine >= firstOwn) usage.addOpaque(`function ${call.routine}`, via, statement)
    return []
  }
  if (routine.plain !== "") {
    followBuiltin(following, routine.plain, call, context)
    if (routine.publicly || routine.plain === lastval) return []
  }
  usage.addRoutine({ oid: routine.oid, via, isChecked: true }, statement)
  // an aggregate's owner needs EXECUTE for the functions it is made of, but they run with the caller's rights
  for (const oid of routine.support) usage.addRoutine({ oid, via, isChecked: false }, statement)
  return run(routine.defaults, context, via)
}

const followOperator = (
  following: Following,
  oid: number,
  isChecked: boolean,
  context: Context
): ReadonlyArray<Item> => {
  const { catalog, usage } = following
  const { statement, via } = context
  if (oid < firstOwn) return []
  const operator = catalog.operators.get(oid)
  if (operator === undefined) {
    usage.addOpaque(`operator ${oid}`, via, statement)
    return []
  }
  for (const other of operator.others) usage.addRoutine({ oid: other, via, isChecked: false }, statement)
  if (isChecked) return followCall(following, { routine: operator.function, oid: undefined, text: undefined }, context)
  usage.addRoutine({ oid: operator.function, via, isChecked: false }, statement)
  return []
}

/** The checks and defaults of a type and of the types in it, and the functions that compare its values. */
const followType = (following: Following, oid: number, context: Context): ReadonlyArray<Item> => {
  const { catalog, usage } = following
  const seen = new Set<number>()
  const pending = [oid]
  const found: Array<Item> = []
  for (const each of pending) {
    const type = catalog.types.get(each)
    if (type === undefined || seen.has(each)) continue
    seen.add(each)
    pending.push(...type.parts)
    found.push(...run(type.checks, context, "constraint"))
    for (const routine of type.operatorClasses.flatMap((family) => catalog.families.get(family) ?? [])) {
      usage.addRoutine({ oid: routine, via: context.via, isChecked: false }, context.statement)
    }
  }
  return found
}

/** Notes what an expression runs, and returns what follows from it. */
export const followExpression = (
  following: Following,
  { calls, comparisons, computesNames, operators, types }: Expression,
  context: Context
): ReadonlyArray<Item> => {
  const isSequence = calls.some(
    ({ oid, routine }) =>
      oid === undefined && sequenceFunctions.has(following.catalog.routines.get(routine)?.plain ?? "")
  )
  if (computesNames && !isSequence) following.usage.addOpaque("a name that is computed", context.via, context.statement)
  return [
    ...calls.flatMap((call) => followCall(following, call, context)),
    ...operators.flatMap((oid) => followOperator(following, oid, true, context)),
    ...comparisons.flatMap((oid) => followOperator(following, oid, false, context)),
    ...types.flatMap((oid) => followType(following, oid, context))
  ]
}
