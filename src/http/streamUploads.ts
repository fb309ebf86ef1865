/**
 * Whether the runtime sends a stream as what it holds. One that does not know streams as bodies would send the words
 * `[object ReadableStream]` in their place, which it gives away by calling them text.
 */
export const canSendStreams = (): boolean => {
  const init: RequestInit & { readonly duplex: "half" } = { method: "POST", body: new ReadableStream(), duplex: "half" }
  return !new Request("https://localhost", init).headers.has("content-type")
}
