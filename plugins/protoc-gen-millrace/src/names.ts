import type { DescFile, DescMethod, DescService } from "@bufbuild/protobuf";
import { safeIdentifier } from "@bufbuild/protoplugin";
import type { Doc } from "./doc-comment.ts";
import type { SourceIndex } from "./source-index.ts";

/** What generated code calls the parts of one service, and says about it. */
export interface ServiceNames extends Doc {
  readonly desc: DescService;
  /** `GreetService` */
  readonly service: string;
  /** `GreetServiceLite` */
  readonly lite: string;
  /** `GreetServiceClient` */
  readonly client: string;
  /** `GreetServiceHandlers` */
  readonly handlers: string;
  /** In the order of the file. */
  readonly methods: readonly MethodNames[];
}

/** What generated code calls the parts of one method, and says about it. */
export interface MethodNames extends Doc {
  readonly desc: DescMethod;
  /** `greet`, on clients and handlers. */
  readonly member: string;
  /** `GreetService_greet` */
  readonly constant: string;
}

/**
 * Names what is exported for a file. Every name is given once, be it a type or a value. Services come first and keep
 * their names; then their interfaces and lite values; then methods. Within each of these the order is that of the file. A
 * name that is taken gets `$`, then `$1`, `$2`: no .proto can hold a `$`.
 */
export function fileNames(file: DescFile, source: SourceIndex): ServiceNames[] {
  const taken = new Set<string>();
  const claim = (ideal: string): string => claimName(taken, ideal);
  return file.services
    .map((desc, index) => ({
      desc,
      index,
      service: claim(safeIdentifier(desc.name)),
      comment: source.comment(index),
      deprecated: desc.deprecated || file.deprecated,
    }))
    .map((names) => ({
      ...names,
      client: claim(`${names.desc.name}Client`),
      handlers: claim(`${names.desc.name}Handlers`),
      lite: claim(`${names.desc.name}Lite`),
    }))
    .map((names) => ({
      ...names,
      methods: names.desc.methods.map((desc, index) => {
        const member = memberName(desc);
        return {
          desc,
          member,
          constant: claim(`${names.desc.name}_${member}`),
          comment: source.comment(names.index, index),
          deprecated: desc.deprecated,
        };
      }),
    }));
}

/** Names that an object of functions must not have: `then` makes it a thenable, `__proto__` sets its prototype. */
const unsafeMembers = new Set(["then", "__proto__"]);

/** A method's name on clients and handlers: protobuf-es's, with a `$` where an object cannot have it. */
export function memberName(method: DescMethod): string {
  return unsafeMembers.has(method.localName) ? `${method.localName}$` : method.localName;
}

/** Gives a name that is not taken yet. */
export function claimName(taken: Set<string>, ideal: string): string {
  let name = ideal;
  for (let i = 0; taken.has(name); i++) name = ideal + (i === 0 ? "$" : `$${i}`);
  taken.add(name);
  return name;
}
