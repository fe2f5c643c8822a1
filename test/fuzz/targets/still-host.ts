import type { Host } from "@millrace/core/host";
import { nodeHost } from "../../../packages/node/src/host/node-host.ts";

/** Node's host with a clock that stands still, so that an outcome never hangs on the time; what is reported is a finding. */
export const stillHost: Host = {
  ...nodeHost,
  now: () => 0,
  timer: () => () => {},
  report: (_what, error) => {
    throw error;
  },
};
