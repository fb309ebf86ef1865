/** Whether the arrays and objects of a JSON value are nested deeper than `depth`. */
export const isDeeper = (value: unknown, depth: number): boolean =>
  typeof value === "object" &&
  value !== null &&
  (depth === 0 || Object.values(value).some((member) => isDeeper(member, depth - 1)))
