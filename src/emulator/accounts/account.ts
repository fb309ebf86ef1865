/** An account of the embedded CARTO, and the names that belong to it in its database. */

export type OrganizationRole = "owner" | "admin" | "member"

export interface Account {
  /** A uuid; the account's database roles carry it in their names. */
  readonly id: string
  readonly username: string
  readonly organization?: { readonly name: string; readonly role: OrganizationRole } | undefined
  /** Name of its database; the members of an organisation share one. */
  readonly databaseName: string
  /** `public`, or the username of an organisation's member. */
  readonly schema: string
  /** The database role of the account itself, which the Master key uses. */
  readonly role: string
  readonly rolePassword: string
  /** The database role of anonymous readers, which the Default public key uses. */
  readonly publicRole: string
  readonly publicRolePassword: string
  /** Whether the account may use API keys; `null` leaves it to the organisation. */
  readonly engineEnabled: boolean | null
  readonly state: "active" | "locked" | "maintenance" | "not-activated"
  /** How many regular keys it may have; `null` is as many as it likes. */
  readonly keyQuota: number | null
}

export interface Organization {
  readonly id: string
  readonly name: string
  readonly databaseName: string
  readonly engineEnabled: boolean
}
