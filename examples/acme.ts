// HTTPS with certificates that come by themselves: for two names that are known, and for those that customers bring.
// Where example.com leads to this machine: millrace run examples/acme.ts, as root or by systemd.
// ACME_DIRECTORY=letsencrypt-staging is for trials: it has wide limits, and nobody trusts its certificates.

import { host, type ServerOptions } from "../src/index.ts";

const { HTTP_PORT = "80", HTTPS_PORT = "443", ACME_DIRECTORY, ACME_STORAGE } = process.env;

const customers = new Set(["shop.example.net", "blog.example.org"]);

const site = host("example.com", { aliases: ["www.example.com"], httpsOnly: true }).get("/", () => "The site");
const ofCustomers = host("any").get("/", (request) => `The page of ${request.host}`);

const options: ServerOptions = {
  listen: [`:${HTTP_PORT}`, { port: Number(HTTPS_PORT), tls: true }],
  hosts: [site, ofCustomers],
  acme: {
    agree: true,
    email: "admin@example.com",
    directory: ACME_DIRECTORY,
    // Without it $STATE_DIRECTORY/acme, or ~/.local/share/millrace/acme.
    storage: ACME_STORAGE,
    onDemand: { ask: (name) => customers.has(name) },
  },
};

export default options;
