import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratch, type Command } from "../server.ts";
import type { Peer, Use } from "./peer.ts";

const HELLO = '{"hello":"world"}';

/** The servers that Debian packages. Each gets its own configuration in the scratch folder and no system service. */
export const native: readonly Peer[] = [
  peer("nginx", "nginx-light", ["-v"], /nginx\/(\S+)/, nginx),
  peer("h2o", "h2o", ["-v"], /version (\S+)/, h2o),
  peer("Caddy", "caddy", ["version"], /v?(\d\S*)/, caddy),
];

/** The absolute path of a program; undefined when the machine has none of that name. */
export function find(program: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

function peer(
  name: string,
  packageName: string,
  ask: string[],
  pattern: RegExp,
  command: (program: string, use: Use) => Command,
): Peer {
  const program = name.toLowerCase();
  return {
    name,
    version: () =>
      pattern.exec(
        execFileSync("sh", ["-c", '"$0" "$@" 2>&1', find(program) ?? program, ...ask], { encoding: "utf8" }),
      )?.[1] ?? "?",
    missing: () => (find(program) === undefined ? `not installed (apt-get install ${packageName})` : undefined),
    command: (use) => command(find(program) ?? program, use),
  };
}

/** As its manual tunes it for this: no access log, sendfile, open files remembered, connections kept. */
function nginx(program: string, { kind, port, folder }: Use): Command {
  const prefix = join(scratch, `nginx-${port}`);
  mkdirSync(prefix, { recursive: true });
  const location =
    kind === "files"
      ? `root ${folder}; sendfile on; tcp_nopush on; open_file_cache max=1000 inactive=60s; open_file_cache_valid 60s;`
      : `location = / { default_type application/json; return 200 '${HELLO}'; }`;
  const bodies = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (use) => `${use}_temp_path ${prefix}/${use};`,
  );
  return configured(
    join(prefix, "nginx.conf"),
    [program, "-p", prefix, "-e", "stderr", "-c"],
    `
    ${process.getuid?.() === 0 ? "user root;" : ""}
    daemon off; worker_processes 1; worker_rlimit_nofile 20000; pid ${prefix}/nginx.pid; error_log stderr error;
    events { worker_connections 16384; }
    http {
      types { text/plain txt; }
      access_log off; keepalive_requests 1000000000; ${bodies.join(" ")}
      server { listen 127.0.0.1:${port}; ${location} }
    }`,
  );
}

/** h2o 2.2 answers a fixed text only through mruby, so it takes part with files alone. */
function h2o(program: string, { port, folder }: Use): Command {
  return configured(
    join(scratch, `h2o-${port}.conf`),
    [program, "-c"],
    `
${process.getuid?.() === 0 ? "user: root" : ""}
num-threads: 1
max-connections: 16384
listen:
  host: 127.0.0.1
  port: ${port}
hosts:
  default:
    paths:
      "/":
        file.dir: ${folder}
`,
  );
}

function caddy(program: string, { kind, port, folder }: Use): Command {
  const site =
    kind === "files"
      ? `root * ${folder}\n file_server`
      : `header Content-Type application/json\n respond / \`${HELLO}\``;
  const command = configured(
    join(scratch, `Caddyfile-${port}`),
    [program, "run", "--adapter", "caddyfile", "--config"],
    `
{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  bind 127.0.0.1
  ${site}
}
`,
  );
  return { ...command, env: { HOME: scratch, XDG_DATA_HOME: scratch, XDG_CONFIG_HOME: scratch } };
}

function configured(file: string, argv: [string, ...string[]], text: string): Command {
  writeFileSync(file, text);
  return { argv: [...argv, file] };
}
