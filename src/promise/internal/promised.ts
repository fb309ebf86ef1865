/** Derives promises from services: the types of the methods, and the methods. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { callOptions, type CallOptions, type Connection } from "./connection.ts"

/** A member of a service in promises. */
export type Method<Member> =
  Member extends Effect.Effect<infer A, infer _E, infer _R>
    ? (call?: CallOptions) => Promise<[A] extends [Option.Option<infer B>] ? B | undefined : A>
    : Member extends (...args: infer Args) => infer Out
      ? (
          ...args: [...Args, call?: CallOptions]
        ) => Out extends Effect.Effect<infer A, infer _E, infer _R>
          ? Promise<[A] extends [Option.Option<infer B>] ? B | undefined : A>
          : Out extends Stream.Stream<infer A, infer _E, infer _R>
            ? AsyncIterable<A>
            : Out
      : Member

/**
 * A service in promises. Its effects are promises, its streams async iterables, and an `Option` is a value or `undefined`.
 * Every method takes {@link CallOptions} as its last argument.
 *
 * Interfaces extend it, so that the compiler holds them to the service, and declare their methods again: the editor shows no
 * doc comments of derived members (TypeScript 7.0), and neither does `deno doc`.
 */
export type Promised<Service> = { readonly [Name in keyof Service]: Method<Service[Name]> }

type Methods = Readonly<Record<string, (...args: never) => unknown>>

/** What each method returns. A `token` is a promise of a key that is not lost by an abort once its request is sent. */
type Returns<Target> = {
  readonly [Name in keyof Target]: Target[Name] extends (...args: never) => Promise<unknown>
    ? "promise" | "token"
    : "iterable"
}

/**
 * The methods of a service in promises. `Target` extends {@link Promised}, and has types of its own for methods that no
 * conditional type can derive: those with type parameters.
 */
export function promised<Target extends { readonly [Name in keyof Target]: (...args: never) => unknown }, R>(
  connection: Connection<R>,
  service: Effect.Effect<{ readonly [Name in keyof Target]: unknown }, never, R>,
  returns: Returns<Target>
): Target
export function promised<R>(
  { iterate, run, runToEnd }: Connection<R>,
  service: Effect.Effect<object, never, R>,
  returns: Readonly<Record<string, "iterable" | "promise" | "token">>
): Methods {
  // the signature above says that the members need no services but those of the connection
  const isEffect = (u: unknown): u is Effect.Effect<unknown, unknown, R> => Effect.isEffect(u)
  const isStream = (u: unknown): u is Stream.Stream<unknown, unknown, R> => Stream.isStream(u)
  const member = (name: string, args: ReadonlyArray<unknown>) =>
    Effect.map(service, (methods): unknown => {
      const found: unknown = Reflect.get(methods, name)
      return typeof found === "function" ? Reflect.apply(found, methods, args) : found
    })
  const toPromise =
    (name: string, kind: "promise" | "token") =>
    (...args: ReadonlyArray<unknown>) => {
      const effect = Effect.flatMap(member(name, args), (result) =>
        isEffect(result) ? result : Effect.succeed(result)
      )
      const value = Effect.map(effect, (value) => (Option.isOption(value) ? Option.getOrUndefined(value) : value))
      return kind === "token" ? runToEnd(value, callOptions(args)) : run(value, callOptions(args))
    }
  const toIterable =
    (name: string) =>
    (...args: ReadonlyArray<unknown>) =>
      iterate(
        Stream.unwrap(Effect.map(member(name, args), (result) => (isStream(result) ? result : Stream.empty))),
        callOptions(args)
      )
  return Object.fromEntries(
    Object.entries(returns).map(([name, kind]) => [
      name,
      kind === "iterable" ? toIterable(name) : toPromise(name, kind)
    ])
  )
}
