/** The accounts and organizations of the embedded CARTO, and the names that belong to an account in its database. */

/** The role of an account in its organization. */
export type OrganizationRole = "owner" | "admin" | "member"

/** An account. */
export interface Account {
  /** A UUID, which is part of the names of the account's database roles. */
  readonly id: string
  readonly username: string
  readonly organization?: { readonly name: string; readonly role: OrganizationRole } | undefined
  /** The name of the account's database. The members of an organization share one database. */
  readonly databaseName: string
  /** `public`, or the username if the account is a member of an organization. */
  readonly schema: string
  /** The database role of the account itself, which the Master key uses. */
  readonly role: string
  readonly rolePassword: string
  /** The database role of anonymous readers, which the Default public key uses. */
  readonly publicRole: string
  readonly publicRolePassword: string
  /** Whether the account may use API keys. If `null`, the organization decides. */
  readonly engineEnabled: boolean | null
  readonly state: "active" | "locked" | "maintenance" | "not-activated"
  /** The maximum number of regular keys. `null` means no limit. */
  readonly keyQuota: number | null
}

/** An organization. */
export interface Organization {
  readonly id: string
  readonly name: string
  readonly databaseName: string
  readonly engineEnabled: boolean
}
