/**
 * The one place that has Effect 4. A package of its own, since a package has one version of a peer: npm puts `effect-carto`
 * and its `effect` 4 below this folder, and the host continues to use Effect 3.
 */
export * from "effect-carto/promise"
