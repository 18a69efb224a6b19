import type { InitKind, InitSettings } from "./init-kind.ts";

const PORT = 8080;
/** The major version of Node that this is written with. */
const [NODE] = process.versions.node.split(".");

/** An image, and what is not to get into it. */
export const docker: InitKind = {
  filesOf: (settings) => ({ Dockerfile: dockerfile(settings), ".dockerignore": IGNORED }),
  steps: ({ name, port = PORT }) => {
    const image = name.toLowerCase();
    const rights = "--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges";
    return `docker build -t ${image} .\ndocker run --init ${rights} -p ${port}:${port} ${image}\n`;
  },
};

function dockerfile({ command, port = PORT }: InitSettings): string {
  const args = [...command, "--host", "0.0.0.0", "--port", String(port), "--admin", "9090", "--log", "json"];
  return `# Packages are installed apart: only what is needed to run gets into the image, and a change of the program installs none.
FROM node:${NODE}-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:${NODE}-slim
WORKDIR /app
ENV NODE_ENV=production
COPY --from=packages /app/node_modules ./node_modules
COPY . .
# Files are root's, so that the server cannot change itself. It writes nowhere but /tmp, where its control socket is.
USER node
EXPOSE ${port}
# Answers have 30 s to end: docker stop --time 45.
STOPSIGNAL SIGTERM
# Not ready is unhealthy. The port of probes is of the container alone.
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s \\
  CMD ["node", "-e", "fetch('http://127.0.0.1:9090/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "node_modules/millrace/dist/cli.js"]
CMD ${JSON.stringify(args)}
`;
}

const IGNORED = `# Installed in the image.
node_modules
# Not for those who get the image.
.git
.env*
*.pem
*.key
*.log
Dockerfile
.dockerignore
`;
