// grpc-js as a client: makes the calls of one case, and throws if anything is not as it must be.
import { clientFlags } from "../flags.ts";
import { cases } from "./cases.ts";
import { TestClient } from "./test-client.ts";

const flags = clientFlags();
const run = cases[flags.testCase];
if (run === undefined) throw new Error(`there is no case ${flags.testCase}`);
const client = new TestClient(flags);
await run(client, flags);
client.close();
