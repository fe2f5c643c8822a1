import { printDoc } from "./doc-comment.ts";
import type { FileContext } from "./file-context.ts";
import { coreImport } from "./imports.ts";
import { generic } from "./printable.ts";
import type { MethodNames, ServiceNames } from "./names.ts";

/** Prints the interface of a service's clients. */
export function printClient(context: FileContext, service: ServiceNames): void {
  printDoc(context.f, service, `Calls ${service.desc.typeName}.`);
  printInterface(context, service.client, service.methods, printClientMember);
}

/** Prints the interface that implements a service. */
export function printHandlers(context: FileContext, service: ServiceNames): void {
  printDoc(context.f, { ...service, comment: "" }, `Implements ${service.desc.typeName}.`);
  printInterface(context, service.handlers, service.methods, printHandlerMember);
}

function printInterface(
  context: FileContext,
  name: string,
  methods: readonly MethodNames[],
  printMember: (context: FileContext, method: MethodNames) => void,
): void {
  const { f } = context;
  if (methods.length === 0) {
    f.print(f.export("interface", name), " {}");
  } else {
    f.print(f.export("interface", name), " {");
    for (const method of methods) printMember(context, method);
    f.print("}");
  }
  f.print();
}

function printClientMember({ f, imports }: FileContext, method: MethodNames): void {
  const { desc, member } = method;
  const input = imports.shape(f, desc.input);
  const output = imports.shape(f, desc.output);
  const options = ["options?: ", coreImport("CallOptions")];
  switch (desc.methodKind) {
    case "unary":
    case "server_streaming": {
      const request = generic(coreImport("Init"), input);
      const result = coreImport(desc.methodKind === "unary" ? "ReplyPromise" : "ReplyStream");
      printDoc(f, method, "", "  ");
      f.print(
        "  readonly ",
        member,
        ": (request: ",
        request,
        ", ",
        options,
        ") => ",
        generic(result, output),
        ";",
      );
      break;
    }
    case "client_streaming":
    case "bidi_streaming": {
      const requests = generic(coreImport("Messages"), input);
      const single = desc.methodKind === "client_streaming";
      const call = coreImport(single ? "ClientStreamCall" : "BidiCall");
      const result = coreImport(single ? "ReplyPromise" : "ReplyStream");
      f.print("  readonly ", member, ": {");
      printDoc(f, method, "", "    ");
      f.print("    (", options, "): ", generic(call, input, output), ";");
      printDoc(f, method, "", "    ");
      f.print("    (requests: ", requests, ", ", options, "): ", generic(result, output), ";");
      f.print("  };");
      break;
    }
  }
}

function printHandlerMember({ f, imports, AsyncIterable }: FileContext, method: MethodNames): void {
  const { desc, member } = method;
  const input = imports.shape(f, desc.input);
  const output = generic(coreImport("Init"), imports.shape(f, desc.output));
  const request =
    desc.methodKind === "unary" || desc.methodKind === "server_streaming"
      ? ["request: ", input]
      : ["requests: ", generic(coreImport("MessageStream"), input)];
  const result =
    desc.methodKind === "unary" || desc.methodKind === "client_streaming"
      ? generic(coreImport("Awaitable"), output)
      : generic(AsyncIterable, output);
  printDoc(f, method, "", "  ");
  f.print("  ", member, ": (", request, ", call: ", coreImport("HandlerCall"), ") => ", result, ";");
}
