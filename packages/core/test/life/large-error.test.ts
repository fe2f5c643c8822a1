import { RpcError } from "@millrace/core";
import { describe, expect, test } from "vitest";
import { protocols, stage } from "../support/stage.ts";

const value = new Uint8Array(20_000);

describe.each(protocols)("%s", (protocol) => {
  test.each([0, 1])(
    "an error larger than gRPC's clients take comes with its code, behind %i messages",
    async (first) => {
      const error = new RpcError("aborted", "x".repeat(30_000), { details: [{ type: "a.B", value }] });
      const on = stage(
        {
          async *watch() {
            for (let i = 0; i < first; i++) yield {};
            throw error;
          },
        },
        { protocol },
      );
      const read = async (): Promise<void> => {
        for await (const _ of on.client.watch({}));
      };
      const heard = await read().catch((reason: unknown) => RpcError.from(reason));
      expect(heard).toMatchObject({ code: "aborted", isRemote: true });
      if (protocol === "grpc") {
        expect(heard).toMatchObject({ message: expect.stringMatching(/^x{8000,8200}…$/), details: [] });
        expect(on.errors).toEqual([
          expect.objectContaining({
            message: expect.stringMatching(
              /^the error of \/greet\.v1\.GreetService\/Watch is larger than clients take, and travels without \d+ bytes of details, the text from character 80\d\d on: /,
            ),
            cause: error,
          }),
        ]);
      } else {
        expect(heard).toMatchObject({ message: error.message, details: [{ type: "a.B", value }] });
        expect(on.errors).toEqual([]);
      }
      expect(on.serverEnds).toMatchObject([{ error }]);
    },
  );
});
