import type { Fault } from "../Fault.ts"
import { bodies } from "./bodies.ts"
import { connection } from "./connection.ts"
import { framing } from "./framing.ts"
import { statuses } from "./statuses.ts"

export const faults: ReadonlyArray<Fault> = [...connection, ...framing, ...statuses, ...bodies]
