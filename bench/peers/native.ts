import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { order } from "../apps/content.ts";
import { QUICK } from "../apps/coders.ts";
import { scratch, type Command } from "../server.ts";
import type { Peer, Use } from "./peer.ts";

const HELLO = '{"hello":"world"}';

/** The servers that Debian packages. Each gets its own configuration in the scratch folder and no system service. */
export const native: readonly Peer[] = [
  peer("nginx", "nginx", "nginx-light", ["-v"], /nginx\/(\S+)/, nginx),
  peer("h2o", "h2o", "h2o", ["-v"], /version (\S+)/, h2o),
  peer("Caddy", "caddy", "caddy", ["version"], /v?(\d\S*)/, caddy),
  peer("Varnish", "varnishd", "varnish", ["-V"], /varnish-(\S+)/, varnish),
];

/** The absolute path of a program; undefined when the machine has none of that name. */
export function find(program: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

function peer(
  name: string,
  program: string,
  packageName: string,
  ask: string[],
  pattern: RegExp,
  command: (program: string, use: Use) => Command,
): Peer {
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
function nginx(program: string, use: Use): Command {
  const { port } = use;
  const prefix = join(scratch, `nginx-${port}`);
  mkdirSync(prefix, { recursive: true });
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
      types { text/plain txt; text/html html; }
      access_log off; keepalive_requests 1000000000; ${bodies.join(" ")}
      ${nginxServer(use, prefix)}
    }`,
  );
}

function nginxServer({ kind, port, folder, origin, http2, tls }: Use, prefix: string): string {
  const plain = `listen 127.0.0.1:${port}${tls === undefined ? "" : " ssl"}${http2 === true ? " http2" : ""};`;
  const listen =
    tls === undefined
      ? plain
      : `${plain} ssl_certificate ${tls.cert}; ssl_certificate_key ${tls.key}; ssl_protocols TLSv1.2 TLSv1.3;`;
  const files = "sendfile on; tcp_nopush on; open_file_cache max=1000 inactive=60s; open_file_cache_valid 60s;";
  if (kind === "files") return `server { ${listen} root ${folder}; ${files} }`;
  if (kind !== "cache") {
    return `server { ${listen} location = / { default_type application/json; return 200 '${HELLO}'; } }`;
  }
  // What it has stored are files too: it is told to keep them open.
  return `proxy_cache_path ${prefix}/cache keys_zone=answers:10m inactive=1h;
      server {
        ${listen} ${files}
        root ${folder};
        location = /page.html { gzip_static on; gzip_vary on; }
        location = /dynamic.html { gzip on; gzip_comp_level ${QUICK.gzip}; gzip_vary on; }
        location / { proxy_pass http://127.0.0.1:${origin}; proxy_cache answers; proxy_cache_lock on; }
      }`;
}

/** h2o 2.2 answers a fixed text only through mruby, so it takes part with files alone, and with one as its index. */
function h2o(program: string, { port, folder, tls }: Use): Command {
  const secrets = tls === undefined ? "" : `  ssl:\n    certificate-file: ${tls.cert}\n    key-file: ${tls.key}`;
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
${secrets}
hosts:
  default:
    paths:
      "/":
        file.dir: ${folder}
        file.index: [index.json]
`,
  );
}

function caddy(program: string, use: Use): Command {
  const { port } = use;
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
  ${caddySite(use)}
}
`,
  );
  return { ...command, env: { HOME: scratch, XDG_DATA_HOME: scratch, XDG_CONFIG_HOME: scratch } };
}

/** Debian's Caddy has no cache: it answers a fixed text, and sends coded files that stand beside. */
function caddySite({ kind, folder }: Use): string {
  if (kind === "files") return `root * ${folder}\n file_server`;
  const json = "header Content-Type application/json";
  if (kind !== "cache") return `${json}\n respond / \`${HELLO}\``;
  return `
  root * ${folder}
  handle /order.json {
    ${json}
    respond \`${JSON.stringify(order)}\`
  }
  handle /page.html {
    file_server {
      precompressed br gzip
    }
  }
  handle /dynamic.html {
    encode zstd {
      gzip ${QUICK.gzip}
    }
    file_server
  }`;
}

/** Its log in shared memory stays, as most have it: it cannot be left out. The pages that it stores are gzip-coded. */
function varnish(program: string, { port, origin }: Use): Command {
  const folder = join(scratch, `varnish-${port}`);
  mkdirSync(folder, { recursive: true });
  const argv = ["-F", "-j", "none", "-a", `127.0.0.1:${port}`, "-T", "none", "-n", folder, "-s", "malloc,64m"];
  return configured(
    join(folder, "bench.vcl"),
    [program, ...argv, "-p", "gzip_level=9", "-f"],
    `vcl 4.1;
backend default { .host = "127.0.0.1"; .port = "${origin}"; }
sub vcl_backend_response {
  if (beresp.http.content-type ~ "html") { set beresp.do_gzip = true; }
}
`,
  );
}

function configured(file: string, argv: [string, ...string[]], text: string): Command {
  writeFileSync(file, text);
  return { argv: [...argv, file] };
}
