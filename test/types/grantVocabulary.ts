/** The lists of grantable words have every word of the public types, and no others. Checked by the compiler; nothing here runs. */
import type * as Vocabulary from "../../src/account/grantVocabulary.ts"
import type { Grants } from "../../src/index.ts"

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(equal: Equal<A, B>): void => void equal

same<Grants.Api, (typeof Vocabulary.apis)[number]>(true)
same<Grants.TablePermission, (typeof Vocabulary.tablePermissions)[number]>(true)
same<Grants.SchemaPermission, (typeof Vocabulary.schemaPermissions)[number]>(true)
same<Grants.Service, (typeof Vocabulary.services)[number]>(true)
same<Grants.UserData, (typeof Vocabulary.userData)[number]>(true)
