import { escapeHtml } from "../../base/escape-html.ts";
import type { InitKind, InitSettings } from "./init-kind.ts";

/** A job of launchd. */
export const launchd: InitKind = {
  filesOf: (settings) => ({ [fileOf(settings)]: plist(settings) }),
  steps: (settings) =>
    `plutil -lint ${fileOf(settings)}\n` +
    `sudo cp ${fileOf(settings)} /Library/LaunchDaemons/\n` +
    `sudo launchctl bootstrap system /Library/LaunchDaemons/${fileOf(settings)}\n` +
    `sudo launchctl print system/${labelOf(settings)}\n`,
};

function labelOf({ name }: InitSettings): string {
  return `millrace.${name}`;
}

function fileOf(settings: InitSettings): string {
  return `${labelOf(settings)}.plist`;
}

function plist(settings: InitSettings): string {
  const { name, command, folder, node, program, port } = settings;
  const listen = port === undefined ? [] : ["--port", String(port)];
  const args = [node, program, ...command, ...listen, "--name", name, "--log-file", `/var/log/${name}.log`];
  const list = [...args, "--user", "_www"].map((arg) => `    <string>${escapeHtml(arg)}</string>\n`).join("");
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${escapeHtml(labelOf(settings))}</string>
  <!-- It starts as root, binds its addresses and becomes _www, whom files have to be readable for. -->
  <key>ProgramArguments</key>
  <array>
${list}  </array>
  <key>WorkingDirectory</key>
  <string>${escapeHtml(folder)}</string>
  <key>EnvironmentVariables</key>
  <dict>
    <key>NODE_ENV</key>
    <string>production</string>
  </dict>
  <key>RunAtLoad</key>
  <true/>
  <!-- Started again when it ends, but not more often than each 10 s. -->
  <key>KeepAlive</key>
  <true/>
  <!-- Seconds between SIGTERM and SIGKILL: answers have 30 to end. -->
  <key>ExitTimeOut</key>
  <integer>45</integer>
  <key>Umask</key>
  <integer>23</integer>
  <!-- One for each connection, and some for files. -->
  <key>HardResourceLimits</key>
  <dict>
    <key>NumberOfFiles</key>
    <integer>65536</integer>
  </dict>
  <!-- What comes before the log is open. -->
  <key>StandardErrorPath</key>
  <string>/var/log/${escapeHtml(name)}.err</string>
</dict>
</plist>
`;
}
