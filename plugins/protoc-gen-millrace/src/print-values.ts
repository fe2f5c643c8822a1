import type { DescMessage } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { printDoc } from "./doc-comment.ts";
import type { FileContext } from "./file-context.ts";
import { coreImport, reflectImport } from "./imports.ts";
import type { ServiceNames } from "./names.ts";
import { generic } from "./printable.ts";
import type { Printable } from "./printable.ts";

/** Lets bundlers drop what nobody imports. */
const pure = "/*@__PURE__*/";

/** Prints the codecs that the file has for itself, of those messages. */
export function printLocalCodecs({ f, imports, codecs }: FileContext, messages: Iterable<DescMessage>): void {
  let count = 0;
  for (const message of messages) {
    const name = codecs.local(f, message);
    if (name === undefined) continue;
    count++;
    const codec = [reflectImport("reflectiveCodec"), "(", imports.descriptor(f, message), ")"];
    f.print("const ", name, " = ", pure, " ", codec, ";");
  }
  if (count > 0) f.print();
}

/** Prints a constant for each method. */
export function printMethods(context: FileContext, service: ServiceNames): void {
  const { f, imports, codecs } = context;
  for (const method of service.methods) {
    const { desc, constant } = method;
    const deprecated = method.deprecated || service.deprecated;
    printDoc(f, { ...method, deprecated }, "");
    const type = (): Printable =>
      generic(
        coreImport("Method"),
        `"${desc.methodKind}"`,
        imports.shape(f, desc.input),
        imports.shape(f, desc.output),
      );
    printConstant(context, constant, type, [
      coreImport("method"),
      `("${desc.methodKind}", `,
      f.string(service.desc.typeName),
      ", ",
      f.string(desc.name),
      `, "${idempotency(desc.idempotency)}", `,
      codecs.symbol(f, desc.input),
      ", ",
      codecs.symbol(f, desc.output),
      ")",
    ]);
  }
}

/** Prints the service twice: without its descriptor, and with it. */
export function printServices(context: FileContext, service: ServiceNames): void {
  const { f, imports } = context;
  const { desc, lite, methods } = service;
  const types = [service.client, service.handlers];

  printDoc(
    f,
    { ...service, comment: "" },
    `${desc.typeName} without its descriptor: enough for all but JSON and reflection.`,
  );
  const members = methods.map(({ member, constant }) => `    ${member}: ${constant},\n`);
  printConstant(context, lite, () => generic(coreImport("ServiceLite"), ...types), [
    coreImport("serviceLite"),
    "(",
    f.string(desc.typeName),
    members.length === 0 ? ", {})" : [", {\n", ...members, "  })"],
  ]);

  printDoc(f, service, `${desc.typeName} with its descriptor.`);
  printConstant(context, service.service, () => generic(coreImport("Service"), ...types), [
    reflectImport("withDescriptor"),
    `(${lite}, `,
    imports.descriptor(f, desc),
    ")",
  ]);
}

/** Prints an exported constant; `type` is asked for when types are printed. */
function printConstant(
  { f, target }: FileContext,
  name: string,
  type: () => Printable,
  value: Printable,
): void {
  switch (target) {
    case "ts":
      f.print(f.export("const", name), ": ", type(), " = ", pure);
      f.print("  ", value, ";");
      break;
    case "js":
      f.print(f.export("const", name), " = ", pure);
      f.print("  ", value, ";");
      break;
    case "dts":
      f.print(f.export("declare const", name), ": ", type(), ";");
      break;
  }
  f.print();
}

function idempotency(level: MethodOptions_IdempotencyLevel): "unknown" | "no_side_effects" | "idempotent" {
  switch (level) {
    case MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN:
      return "unknown";
    case MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS:
      return "no_side_effects";
    case MethodOptions_IdempotencyLevel.IDEMPOTENT:
      return "idempotent";
  }
}
