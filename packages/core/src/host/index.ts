export { CompressionFailure } from "./host.ts";
export type { Compression, Host } from "./host.ts";
