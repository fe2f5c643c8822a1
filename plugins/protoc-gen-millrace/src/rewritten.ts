/**
 * Tells whether `rewrite_imports` applies to a path: one of its patterns matches, in which `*` is anything within a
 * folder, and a double star with a slash any folders.
 */
export function rewriter(rewrites: readonly { readonly pattern: string }[]): (path: string) => boolean {
  const patterns = rewrites.map(({ pattern }) => {
    const parts = pattern.split(/(\*\*\/|\*)/).map((part) => {
      if (part === "**/") return "(?:[^/]+/)*";
      return part === "*" ? "[^/]*" : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    });
    return new RegExp(`^${parts.join("")}$`);
  });
  return (path) => patterns.some((pattern) => pattern.test(path));
}
