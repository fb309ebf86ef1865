/** The flags that every command takes. */
import * as Flag from "effect/cli/Flag"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Option from "effect/Option"

/** How a command prints its data. */
export type OutputFormat = "csv" | "json" | "jsonl" | "table"

const text = (name: string, metavar: string, description: string) =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(description), Flag.optional)

const toggle = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withDefault(false), Flag.withoutNegation)

export const BaseUrl = GlobalFlag.Setting("base-url")({
  flag: text("base-url", "URL", "The account: https://NAME.carto.com (default: CARTO_BASE_URL)")
})

export const Username = GlobalFlag.Setting("username")({
  flag: text("username", "NAME", "The account by name, or the user of an on-premises host (default: CARTO_USERNAME)")
})

export const Profile = GlobalFlag.Setting("profile")({
  flag: text("profile", "NAME", "A profile that `login` saved")
})

export const ApiKeyFile = GlobalFlag.Setting("api-key-file")({
  flag: text("api-key-file", "FILE", "A file that holds the API key (default: the key of CARTO_API_KEY)")
})

export const Output = GlobalFlag.Setting("output")({
  flag: Flag.Literals("output", ["table", "json", "jsonl", "csv"]).pipe(
    Flag.withAlias("o"),
    Flag.withMetavar("FORMAT"),
    Flag.withDescription("Format of the data on stdout: table, json, jsonl or csv (default: table)"),
    Flag.withDefault("table" as OutputFormat)
  )
})

export const Quiet = GlobalFlag.Setting("quiet")({
  flag: toggle("quiet", "Print no messages and no progress on stderr, except errors").pipe(Flag.withAlias("q"))
})

export const NoColor = GlobalFlag.Setting("no-color")({
  flag: toggle("no-color", "Print without colors, as NO_COLOR=1 does")
})

export const Yes = GlobalFlag.Setting("yes")({
  flag: toggle("yes", "Answer yes to every question").pipe(Flag.withAlias("y"))
})

export const Timeout = GlobalFlag.Setting("timeout")({
  flag: Flag.String("timeout").pipe(
    Flag.withMetavar("DURATION"),
    Flag.withDescription('How long one request may take, for example "90 seconds"'),
    Flag.optional
  )
})

export const Verbose = GlobalFlag.Setting("verbose")({
  flag: toggle("verbose", "Print every request with its status and duration on stderr")
})

/** Every setting, in the order of the help. */
export const settings = [BaseUrl, Username, Profile, ApiKeyFile, Output, Quiet, NoColor, Yes, Timeout, Verbose] as const

/** The value of an optional setting. */
export const valueOf = <A>(option: Option.Option<A>): A | undefined => Option.getOrUndefined(option)
