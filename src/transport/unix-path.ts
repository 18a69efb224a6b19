import { lstat, stat, unlink } from "node:fs/promises";
import { connect } from "node:net";
import { dirname } from "node:path";
import { MillraceError } from "../base/errors.ts";

/** Octets of `sun_path` less its final NUL: 108 on Linux, 104 on the BSDs and macOS. */
const LONGEST = process.platform === "linux" ? 107 : 103;

/**
 * Makes sure that a unix socket can be made at `path`: removes the socket file of a server that died.
 *
 * @throws {MillraceError} `PATH_TOO_LONG`; `FOLDER_MISSING`; `PATH_IN_USE` when somebody answers there or the file is no
 *   socket
 */
export async function clearUnixPath(path: string): Promise<void> {
  const length = Buffer.byteLength(path);
  if (length > LONGEST) {
    throw new MillraceError("PATH_TOO_LONG", `The socket path ${path} has ${length} octets, ${LONGEST} are possible.`, {
      hint: "Choose a shorter path, such as one in /run.",
    });
  }
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return requireFolder(dirname(path));
  if (!found.isSocket()) {
    throw new MillraceError("PATH_IN_USE", `${path} exists and is not a socket.`, {
      hint: "Choose another path, or remove the file.",
    });
  }
  if (await isAnswered(path)) {
    throw new MillraceError("PATH_IN_USE", `Another program listens on ${path}.`, {
      hint: "Stop the other program, or choose another path.",
    });
  }
  await unlink(path);
}

/** Asked here because libuv reports EACCES for a folder that is missing. */
async function requireFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() === true) return;
  throw new MillraceError("FOLDER_MISSING", `The folder ${folder} does not exist.`, { hint: "Make the folder first." });
}

/** Whether a program listens there. Only a refusal proves that none does. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "ECONNREFUSED"));
  });
}
