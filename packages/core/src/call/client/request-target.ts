import type { Message } from "@bufbuild/protobuf";
import type { Init } from "../../init.ts";

/** Where a user's requests go: the wire, or interceptors. */
export interface RequestTarget<I extends Message> {
  /** As RequestSink.send(); `keeper` is kept alive while it waits. */
  send(message: Init<I>, keeper: unknown): Promise<boolean>;
  endRequests(): void;
}
