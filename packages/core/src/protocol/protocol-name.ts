/** The three wire protocols. */
export type Protocol = "connect" | "grpc" | "grpc-web";
