import type { Request } from "../../http/request.ts";

/** What templates see of a request. All of it comes from the client, and nothing of it has been checked. */
export interface RequestData {
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly secure: boolean;
  /** The first value of each name. */
  readonly query: Readonly<Record<string, string>>;
}

export function requestData(request: Request): RequestData {
  const { method, fullPath: path, host, secure } = request;
  // Without prototype: a name like `constructor` is what the client has sent, or nothing.
  const query = Object.create(null) as Record<string, string>;
  for (const [name, value] of request.query) query[name] ??= value;
  return { method, path, host, secure, query };
}
