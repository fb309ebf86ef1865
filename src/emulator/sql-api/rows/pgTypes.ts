/**
 * The PostgreSQL types that the SQL API knows by name. The list is fixed: types that PostgreSQL added later have no
 * name in responses. `json` is spelled in upper case there.
 */
const scalars = `
16 bool 17 bytea 18 char 19 name 20 int8 21 int2 22 int2vector 23 int4 24 regproc 25 text 26 oid 27 tid 28 xid 29 cid
30 oidvector 32 pg_ddl_command 71 pg_type 75 pg_attribute 81 pg_proc 83 pg_class 114 JSON 142 xml 194 pg_node_tree
210 smgr 600 point 601 lseg 602 path 603 box 604 polygon 628 line 650 cidr 700 float4 701 float8 702 abstime
703 reltime 704 tinterval 705 unknown 718 circle 790 money 829 macaddr 869 inet 1033 aclitem 1042 bpchar 1043 varchar
1082 date 1083 time 1114 timestamp 1184 timestamptz 1186 interval 1266 timetz 1560 bit 1562 varbit 1700 numeric
1790 refcursor 2202 regprocedure 2203 regoper 2204 regoperator 2205 regclass 2206 regtype 2249 record 2275 cstring
2276 any 2277 anyarray 2278 void 2279 trigger 2280 language_handler 2281 internal 2282 opaque 2283 anyelement
2776 anynonarray 2950 uuid 2970 txid_snapshot 3115 fdw_handler 3220 pg_lsn 3310 tsm_handler 3500 anyenum
3614 tsvector 3615 tsquery 3642 gtsvector 3734 regconfig 3769 regdictionary 3802 jsonb 3831 anyrange
3838 event_trigger 3904 int4range 3906 numrange 3908 tsrange 3910 tstzrange 3912 daterange 3926 int8range
4089 regnamespace 4096 regrole`

const arrays = `
143 xml 199 json 629 line 719 circle 791 money 1000 bool 1001 bytea 1002 char 1003 name 1005 int2 1006 int2vector
1007 int4 1008 regproc 1009 text 1010 tid 1011 xid 1012 cid 1013 oidvector 1014 bpchar 1015 varchar 1016 int8
1017 point 1018 lseg 1019 path 1020 box 1021 float4 1022 float8 1023 abstime 1024 reltime 1025 tinterval 1027 polygon
1028 oid 1034 aclitem 1040 macaddr 1041 inet 1115 timestamp 1182 date 1183 time 1185 timestamptz 1187 interval
1231 numeric 1263 cstring 1270 timetz 1561 bit 1563 varbit 2201 refcursor 2207 regprocedure 2208 regoper
2209 regoperator 2210 regclass 2211 regtype 2287 record 2949 txid_snapshot 2951 uuid 3221 pg_lsn 3643 tsvector
3644 gtsvector 3645 tsquery 3735 regconfig 3770 regdictionary 3807 jsonb 3905 int4range 3907 numrange 3909 tsrange
3911 tstzrange 3913 daterange 3927 int8range 4090 regnamespace 4097 regrole`

const entries = (list: string, prefix: string): ReadonlyArray<readonly [number, string]> =>
  Array.from(list.matchAll(/(\d+) (\S+)/g), ([, oid, name]) => [Number(oid), prefix + (name ?? "")] as const)

const names: ReadonlyMap<number, string> = new Map([...entries(scalars, ""), ...entries(arrays, "_")])

/**
 * Returns the name of a type by its OID; `undefined` if the type is not on the list. Names of arrays begin with an
 * underscore.
 */
export const typeName = (oid: number): string | undefined => names.get(oid)
