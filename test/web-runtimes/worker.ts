import { handler } from "./handler.ts";

// oxlint-disable-next-line import/no-default-export -- what a Worker is
export default { fetch: handler(undefined) };
