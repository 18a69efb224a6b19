/** What every app in this folder answers to, so that a row asks the same of each peer. */

/** Extra routes `/api/r0/:a/items/:b` … that an app registers, beside `GET /` and `POST /echo`. */
export const routeCount: number = Number(process.env["ROUTES"] ?? "0");

/** The port that an app listens on. */
export const port: number = Number(process.env["PORT"] ?? "3000");

/** Paths of the certificate and the key that an app speaks TLS with, when it speaks TLS at all. */
export const certificate: { readonly cert: string; readonly key: string } | undefined =
  process.env["CERT"] === undefined ? undefined : { cert: process.env["CERT"], key: process.env["KEY"] ?? "" };

/** The folder that an app serves under `/`, when it serves files at all. */
export const folder: string | undefined = process.env["FILES"];

/** The pattern of each extra route, in the spelling that nearly every framework shares. */
export function patterns(): string[] {
  return Array.from({ length: routeCount }, (_, index) => `/api/r${index}/:a/items/:b`);
}
