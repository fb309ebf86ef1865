import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { verify } from "../../../src/emulator/pglite/scram.ts"

/** RFC 7677's example: user `user`, password `pencil`. */
const VERIFIER =
  "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

it.effect("a SCRAM verifier accepts the password that it was made from", () =>
  Effect.gen(function* () {
    assert.isTrue(yield* verify("pencil", VERIFIER))
    assert.isFalse(yield* verify("Pencil", VERIFIER))
    assert.isFalse(yield* verify("", VERIFIER))
  })
)

it.effect("a verifier of another form accepts no password", () =>
  Effect.gen(function* () {
    for (const verifier of ["", "pencil", "md5abcdef", VERIFIER.replace("4096", "x")]) {
      assert.isFalse(yield* verify("pencil", verifier))
    }
  })
)
