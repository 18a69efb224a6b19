import { MillraceError } from "../base/errors.ts";
import type { ListenWhere } from "./tcp.ts";

/** What went wrong when a listener started, and what to do about it. */
export function listenError(cause: unknown, where: ListenWhere): MillraceError {
  const { code = "" } = (cause ?? {}) as NodeJS.ErrnoException;
  if (cause instanceof MillraceError) return cause;
  const [name, message, hint] =
    "path" in where
      ? explainPath(code, where.path)
      : "fd" in where
        ? explainDescriptor(where.fd)
        : explainPort(code, where);
  return new MillraceError(name, message ?? (cause as Error).message, { hint, cause });
}

type Explanation = readonly [code: string, message?: string, hint?: string];

function explainPort(code: string, { host = "", port }: { host?: string | undefined; port: number }): Explanation {
  const at = host === "" ? "" : ` of ${host}`;
  switch (code) {
    case "EADDRINUSE":
      return [
        "PORT_IN_USE",
        `Port ${port}${at} is in use.`,
        "Stop the program that listens there, or choose another port.",
      ];
    case "EACCES":
    case "EPERM":
      return [
        "PERMISSION",
        `This user may not listen on port ${port}${at}.`,
        port < 1024
          ? "Choose a port from 1024 on, or give the program the capability CAP_NET_BIND_SERVICE."
          : "Ask who runs this machine which ports are allowed.",
      ];
    case "EADDRNOTAVAIL":
    case "EAFNOSUPPORT":
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EINVAL":
      return [
        "ADDRESS_NOT_AVAILABLE",
        `${host} is no address of this machine.`,
        "Listen on 127.0.0.1 or ::1 for this machine alone, or leave the host out for all its addresses.",
      ];
    case "ERR_SOCKET_BAD_PORT":
      return ["BAD_PORT", `${port} is no port.`, "A port is a whole number from 0 (any free one) to 65535."];
    default:
      return ["LISTEN_FAILED"];
  }
}

function explainPath(code: string, path: string): Explanation {
  switch (code) {
    case "EADDRINUSE":
      return ["PATH_IN_USE", `Another program listens on ${path}.`, "Stop the other program, or choose another path."];
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return [
        "PERMISSION",
        `This user may not make the socket ${path}.`,
        "Choose a folder that this user may write to.",
      ];
    default:
      return ["LISTEN_FAILED"];
  }
}

function explainDescriptor(fd: number | string): Explanation {
  return [
    "BAD_DESCRIPTOR",
    `Descriptor ${fd} is no socket to listen on.`,
    "Whoever starts this process has to pass a listening socket, TCP or unix, as that descriptor.",
  ];
}
