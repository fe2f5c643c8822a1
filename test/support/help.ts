/** Prints `usage` and ends the program, if that is what was asked for. What stands behind `--` is another program's. */
export function help(usage: string): void {
  const given = process.argv.slice(2);
  const end = given.indexOf("--", given[0] === "--" ? 1 : 0);
  const own = end === -1 ? given : given.slice(0, end);
  if (!own.includes("--help") && !own.includes("-h")) return;
  console.log(usage);
  process.exit(0);
}
