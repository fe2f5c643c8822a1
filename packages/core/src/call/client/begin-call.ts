import type { Message } from "@bufbuild/protobuf";
import type { Kind, Method } from "../../method.ts";
import type { CallOptions } from "../call-options.ts";
import type { Run } from "../compose.ts";
import { observe } from "../observation.ts";
import type { Observation } from "../observation.ts";
import type { ClientHead } from "./client-head.ts";
import type { ClientSettings } from "./client-settings.ts";
import type { MethodPlan } from "./method-plan.ts";
import { wireTerminal } from "./wire-terminal.ts";

/** A user's call of which nothing has been sent yet. */
export interface BegunCall<I extends Message, O extends Message> {
  readonly plan: MethodPlan<I, O>;
  readonly head: ClientHead;
  readonly observation: Observation | null;
  /** What runs it through its interceptors; null if it has none. */
  readonly run: Run | null;
}

/** What every kind of call begins with. */
export function beginCall<I extends Message, O extends Message>(
  settings: ClientSettings,
  method: Method<Kind, I, O>,
  options: CallOptions | undefined,
): BegunCall<I, O> {
  const { core } = settings;
  const plan = core.plan(method);
  const head = settings.begin(method, options);
  const observation = observe(core.host, settings.observers, head);
  return { plan, head, observation, run: settings.chain(wireTerminal) };
}
