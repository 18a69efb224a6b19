import type { InitKind, InitSettings } from "./init-kind.ts";

/** Units for systemd: a service, and the socket that it is given. */
export const systemd: InitKind = {
  filesOf: (settings) => ({
    [`${settings.name}.service`]: serviceUnit(settings),
    [`${settings.name}.socket`]: socketUnit(settings),
  }),
  steps: ({ name }) =>
    `systemd-analyze verify ./${name}.service ./${name}.socket\n` +
    `sudo cp ${name}.service ${name}.socket /etc/systemd/system/\n` +
    `sudo systemctl daemon-reload\n` +
    `sudo systemctl enable --now ${name}.socket ${name}.service\n` +
    `systemctl status ${name}; journalctl -u ${name}\n`,
};

function serviceUnit({ name, command, folder, node, program }: InitSettings): string {
  const run = [node, program].map(quoted).join(" ");
  return `# Runs ${name} by millrace. Paths are those of the machine that this was written on.
[Unit]
Description=${percent(name)} (millrace)
Wants=network-online.target
After=network-online.target
# The socket outlives the service: connections wait while it is restarted. Without it, delete these two lines.
Requires=${name}.socket
After=${name}.socket

[Service]
# The server says when it is ready, reloads, stops and lives; systemd-notify says it in its name.
Type=notify
NotifyAccess=all
WatchdogSec=30
WorkingDirectory=${percent(folder)}
ExecStart=${run} ${command.map(quoted).join(" ")} --name ${name} --systemd
# Loads program and config anew; fails, and changes nothing, when they are broken.
ExecReload=${run} reload --name ${name} --wait
Environment=NODE_ENV=production
# Where the control socket is.
RuntimeDirectory=${name}
RuntimeDirectoryMode=0700
Environment=XDG_RUNTIME_DIR=%t/${name}
CacheDirectory=${name}
Environment=NODE_COMPILE_CACHE=%C/${name}

# Answers have 30 s to end; the rest of the time is for what the program does then.
TimeoutStopSec=45
TimeoutStartSec=60
# Only the process that keeps the workers is told; it tells them.
KillMode=mixed
Restart=always
RestartSec=1
# One for each connection, and some for files.
LimitNOFILE=65536

# A user that exists while the service runs. It reads what everybody may read; for keys name a user of your own:
# DynamicUser=no, User=, Group=.
DynamicUser=yes
UMask=0027

# Nothing can be written but the folders above and StateDirectory=, which is made in /var/lib.
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes

# It may bind ports below 1024, and do nothing else that others may not. With the socket even that can go.
NoNewPrivileges=yes
AmbientCapabilities=CAP_NET_BIND_SERVICE
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
# MemoryDenyWriteExecute= stays out: V8 makes code while it runs.

[Install]
WantedBy=multi-user.target
`;
}

function socketUnit({ name, port = 80 }: InitSettings): string {
  return `# The socket of ${name}: bound by systemd, given to the service in place of what its option listen says.
[Unit]
Description=Socket of ${percent(name)}

[Socket]
# A port, an address with a port, or a path. One line for each; the service knows them all as "web".
ListenStream=${port}
FileDescriptorName=web
Backlog=511

[Install]
WantedBy=sockets.target
`;
}

/** systemd.syntax(7), systemd.service(5): one word, in which "%" and "$" mean nothing. */
function quoted(word: string): string {
  const escaped = percent(word).replaceAll("$", "$$$$");
  return /^[\w@%+=:,./$-]+$/.test(escaped) ? escaped : `"${escaped.replace(/["\\]/g, "\\$&")}"`;
}

/** systemd.unit(5): specifiers begin with "%". */
function percent(text: string): string {
  return text.replaceAll("%", "%%");
}
