import { assert, describe, it } from "@effect/vitest"
import { block, listBlock, numberBlock, textBlock } from "../../../../src/emulator/sql-api/formats/arrayBufferBlock.ts"

const joined = (...parts: ReadonlyArray<string>): string => parts.join("")

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

describe("blocks", () => {
  it("a block holds numbers in little-endian after a big-endian header", () => {
    assert.strictEqual(hex(numberBlock(4, [1, -2])), joined("0000000400000004", "0100feff"))
    assert.strictEqual(hex(numberBlock(8, [2])), joined("0000000800000004", "00000040"))
  })
  it("a block refuses numbers that do not fit", () => {
    assert.throws(() => numberBlock(1, [128]), RangeError)
    assert.throws(() => numberBlock(2, [-1]), RangeError)
  })
  it("a block holds text as UTF-16", () =>
    assert.strictEqual(hex(textBlock("a€")), joined("0000000500000004", "6100ac20")))
  it("a block pads its inner blocks to four bytes", () => {
    assert.strictEqual(
      hex(block(10, [textBlock("a"), textBlock("b")])),
      joined("0000000a00000016", "0000000500000002", "6100", "0000", "0000000500000002", "6200")
    )
    assert.strictEqual(hex(listBlock([])), "0000000b00000000")
  })
})
