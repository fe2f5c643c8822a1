/** RFC 9113 section 5.1.1: ids cannot be reused; long before they are used up another connection takes over. */
export const lastId: number = 2 ** 30;
