export type { ContractCase, ContractSignal, Make, Pair } from "./contract-case.ts";
export { contractFor } from "./contract-for.ts";
export type { Contract } from "./contract-for.ts";
export type { Declaration, Feature } from "./declaration.ts";
export { poisonAccept, poisonConnector } from "./poison.ts";
export { ContractViolation } from "./violation.ts";
