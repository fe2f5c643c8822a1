/**
 * A text of somebody else's, as far as an error's text shows it: what a peer says is as long as it likes, and comes back to
 * it in fields that have to be short. `most` counts UTF-16 units.
 */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  // Not between the halves of a surrogate pair.
  const last = text.charCodeAt(most - 1);
  return `${text.slice(0, last >= 0xd800 && last < 0xdc00 ? most - 1 : most)}…`;
}
