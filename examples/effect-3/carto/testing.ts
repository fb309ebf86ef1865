export * from "effect-carto/testing"
