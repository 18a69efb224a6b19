import { joinFetchStandard } from "./http/fetch-standard.ts";

export { MillraceError } from "./base/errors.ts";
export { HttpError, NotFoundError } from "./http/http-error.ts";
export { Headers } from "./http/headers.ts";
export { KeptResponse } from "./http/kept-response.ts";
export { Request } from "./http/request.ts";
export { Response } from "./http/response.ts";
export { upgrade } from "./http/upgrade.ts";
export { WebServer } from "./server/web-server.ts";
export type { Handler, Layer } from "./http/handler.ts";
export type { ServerOptions } from "./server/web-server.ts";

joinFetchStandard();
