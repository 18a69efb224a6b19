import type { ListenAddress } from "../transport/connection.ts";

/** The URL of an address. One that stands for every address is shown as the loopback one, which can be opened. */
export function urlOf(address: ListenAddress): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  const { host, port, secure = false } = address;
  const shown = isEveryAddress(host) ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  const isUsual = port === (secure ? 443 : 80);
  return `${secure ? "https" : "http"}://${shown}${isUsual ? "" : `:${port}`}/`;
}

/** Whether an address stands for every address of the machine. */
export function isEveryAddress(host: string): boolean {
  return host === "::" || host === "0.0.0.0";
}
