/** The part of fetch that is used: the URL is always a string. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;
