// A bare node:http2 client, which does the same as engine-client.ts.
import { connect } from "node:http2";
import { answer } from "../../test/support/program-answers.ts";
import type { Answered } from "../load/answered.ts";
import { usage } from "../usage.ts";
import { path, request } from "./call.ts";
import { measured, type Work } from "./client-work.ts";

const fields = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };

answer({
  ...usage,
  calls: async (work: Work): Promise<Answered> => {
    const session = connect(`http://127.0.0.1:${work.port}`);
    const answered = await measured(work, (done) => {
      const stream = session.request(fields);
      let status: number | undefined;
      let grpcStatus: unknown;
      stream.on("response", (head) => (status = head[":status"]));
      stream.on("trailers", (trailers) => (grpcStatus = trailers["grpc-status"]));
      stream.on("data", () => {});
      stream.on("error", (error) => done(error.message));
      stream.on("end", () => done(status === 200 && grpcStatus === "0" ? undefined : `status ${status}`));
      stream.end(request);
    });
    session.close();
    return answered;
  },
});
