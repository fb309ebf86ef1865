export { interruptibleUntilSent } from "../account/internal/interruption.ts"
