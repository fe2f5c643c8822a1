/** What parseArgs() found wrong with the arguments of `pnpm program`, in one line, and where is said what there is. */
export function usageFault(program: string, error: unknown): string {
  const [, option] = /^Option '([^' ]+)[^']*' argument is ambiguous/.exec((error as Error).message) ?? [];
  // Behind its first sentence Node's message is about arguments that these programs do not have.
  const [what] =
    option === undefined
      ? (error as Error).message.split(/\.\s/)
      : [`what is given as ${option} begins with a dash`];
  const says = option === undefined ? "says which there are" : `says what ${option} is`;
  return `${program}: ${what}: pnpm ${program} --help ${says}`;
}
