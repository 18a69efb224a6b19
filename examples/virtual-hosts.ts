// Two hosts on one address: curl -H 'Host: blog.example.org' localhost:8080

import { host, type ServerOptions } from "../src/index.ts";

const site = host("example.com", { aliases: ["www.example.com"] }).get("/", () => "The site");
const pages = host("*.example.org").get("/", (request) => `The page of ${request.host}`);

const options: ServerOptions = { hosts: [site, pages] };

export default options;
