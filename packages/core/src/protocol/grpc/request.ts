import type { RequestFacts } from "../client-protocol.ts";
import { printGrpcTimeout } from "../timeout.ts";

/** gRPC "Request-Headers": those that gRPC and gRPC-Web share, and the user's. */
export function requestFields(facts: RequestFacts, contentType: string): string[] {
  const fields = ["content-type", `${contentType}+${facts.format}`];
  if (facts.timeoutMs !== Infinity) fields.push("grpc-timeout", printGrpcTimeout(facts.timeoutMs));
  if (facts.sendEncoding !== null) fields.push("grpc-encoding", facts.sendEncoding);
  if (facts.acceptEncodings.length > 0) fields.push("grpc-accept-encoding", facts.acceptEncodings.join(","));
  return fields;
}
