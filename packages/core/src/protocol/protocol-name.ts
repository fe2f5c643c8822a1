/** The three wire protocols. */
export type Protocol = "connect" | "grpc" | "grpc-web";

/** All of them. */
export const protocolNames: readonly Protocol[] = ["connect", "grpc", "grpc-web"];
