/** Small parts of an upload, gathered to chunks: each chunk costs a turn of the transport, however small it is. */
import * as Bytes from "effect/Bytes"
import * as Result from "effect/Result"
import type { InvalidInput } from "../../../errors/Call.ts"
import { refuse } from "../../../errors/internal/invalidInput.ts"

/** The size that chunks are gathered to, in bytes or characters. */
export const chunkSize: number = 64 * 1024

/** How long a chunk is gathered for, in milliseconds. */
const gatherTime = 1000

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code < 0xdc00

/** Text and bytes that have not been sent yet. */
export class GatheredBytes {
  private chunks: Array<Uint8Array> = []
  private size = 0
  private text = ""
  private since = 0

  get isFull(): boolean {
    const size = this.size + this.text.length
    return size >= chunkSize || (size > 0 && Date.now() - this.since >= gatherTime)
  }

  addText(text: string): void {
    this.begin()
    this.text += text
  }

  /** Copies the bytes, since their owner may use the same buffer for those that follow. */
  addBytes(bytes: Uint8Array): Result.Result<void, InvalidInput> {
    this.begin()
    return Result.map(this.encode(this.text.length), () => {
      this.chunks.push(new Uint8Array(bytes))
      this.size += bytes.length
    })
  }

  /** All but half of a character at the end, whose other half may follow. */
  take(): Result.Result<Uint8Array, InvalidInput> {
    const { length } = this.text
    return Result.map(this.encode(isHighSurrogate(this.text.charCodeAt(length - 1)) ? length - 1 : length), () =>
      this.join()
    )
  }

  takeLast(): Result.Result<Uint8Array, InvalidInput> {
    return Result.map(this.encode(this.text.length), () => this.join())
  }

  private begin(): void {
    if (this.size === 0 && this.text === "") this.since = Date.now()
  }

  private encode(end: number): Result.Result<void, InvalidInput> {
    const text = this.text.slice(0, end)
    if (!text.isWellFormed()) {
      return refuse("data", text, "it holds half of a surrogate pair, which UTF-8 cannot carry")
    }
    this.text = this.text.slice(end)
    if (text !== "") {
      const bytes = new TextEncoder().encode(text)
      this.chunks.push(bytes)
      this.size += bytes.length
    }
    return Result.void
  }

  private join(): Uint8Array {
    const [first, ...others] = this.chunks
    const joined = first !== undefined && others.length === 0 ? first : Bytes.concat(this.chunks)
    this.chunks = []
    this.size = 0
    return joined
  }
}
