import * as Command from "effect/cli/Command"
import { apply } from "./apply.ts"
import { audit } from "./audit.ts"
import { create } from "./create.ts"
import { remove } from "./delete.ts"
import { get } from "./get.ts"
import { importKeys } from "./import.ts"
import { infer } from "./infer.ts"
import { lease } from "./lease.ts"
import { list } from "./list.ts"
import { matrix } from "./matrix.ts"
import { plan } from "./plan.ts"
import { regenerate } from "./regenerate.ts"
import { rotate } from "./rotate.ts"
import { sweep } from "./sweep.ts"

/** `effect-carto keys` */
export const keys = Command.make("keys").pipe(
  Command.withDescription("API keys: create, rotate, lease, plan and audit them"),
  Command.withSubcommands([
    list,
    get,
    create,
    regenerate,
    remove,
    rotate,
    lease,
    plan,
    apply,
    importKeys,
    audit,
    matrix,
    infer,
    sweep
  ])
)
