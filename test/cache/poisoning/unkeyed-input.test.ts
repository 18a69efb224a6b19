import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CachedSite, get, kept, mirror, request } from "../../support/cached-site.ts";

/** A request by which somebody tries to have an answer stored that others would get. */
interface Attack {
  readonly name: string;
  /** Octets on a connection. */
  readonly octets: string;
  /** What the page says it varies by. */
  readonly vary?: string;
}

const PAGE = "/page";

function field(line: string, vary?: string): Attack {
  return { name: line.slice(0, 60), octets: get(PAGE, [line]), ...(vary === undefined ? {} : { vary }) };
}

const ATTACKS: readonly Attack[] = [
  // Fields by which frameworks take another method, target or host than the request has: no origin says Vary for them.
  field("X-HTTP-Method-Override: DELETE"),
  field("X-HTTP-Method: PUT"),
  field("X-Method-Override: POST"),
  field("X-Original-URL: /admin"),
  field("X-Rewrite-URL: /admin"),
  field("X-Forwarded-Host: evil.example"),
  field("X-Original-Host: evil.example"),
  field("X-Host: evil.example"),
  field("X-Forwarded-Server: evil.example"),
  field("X-Forwarded-Scheme: http"),
  field("X-FORWARDED-HOST: evil.example"),
  field("X-Original-URI: /admin"),
  field("X-HTTP-Path-Override: /admin"),
  field("X-Forwarded-Prefix: /evil"),
  field("X-Forwarded-Path: /evil"),
  { name: "X-Forwarded-Host twice", octets: get(PAGE, ["X-Forwarded-Host: example.com", "X-Forwarded-Host: evil"]) },
  { name: "X-Forwarded-Host that is empty", octets: get(PAGE, ["X-Forwarded-Host:"]) },

  // Fields that the page says it depends on.
  field("Cookie: session=evil", "cookie"),
  field("Accept-Language: tlh", "accept-language"),
  field("Accept: application/evil", "Accept"),
  field("User-Agent: <script>", "USER-AGENT"),
  field("Origin: https://evil.example", "accept, origin"),
  field("X-Kind:", "x-kind"),
  { name: "X-Kind in two lines", octets: get(PAGE, ["X-Kind: a", "X-Kind: evil"]), vary: "x-kind" },
  field("X-Evil: 1", "*"),
  field("X-Evil: 1", "accept, *"),
  field("X-Evil: 1", "x evil"),
  field("__proto__: evil", "__proto__"),

  // Who has authority is answered alone.
  field("Authorization: Basic ZXZpbDpldmls"),
  field("Authorization: evil"),

  // Content of requests that should have none.
  { name: "GET with content", octets: get(PAGE, ["Content-Length: 4"], "evil") },
  { name: "GET with content in chunks", octets: get(PAGE, ["Transfer-Encoding: chunked"], "4\r\nevil\r\n0\r\n\r\n") },
  { name: "GET that expects 100", octets: get(PAGE, ["Expect: 100-continue", "Content-Length: 4"], "evil") },
  {
    name: "GET with a form",
    octets: get(PAGE, ["Content-Type: application/x-www-form-urlencoded", "Content-Length: 6"], "a=evil"),
  },
  { name: "HEAD with content", octets: request("HEAD", PAGE, ["Content-Length: 4"], "evil") },

  // Methods.
  { name: "POST", octets: request("POST", PAGE, ["Content-Length: 4"], "evil") },
  { name: "PUT", octets: request("PUT", PAGE, ["Content-Length: 4"], "evil") },
  { name: "OPTIONS", octets: request("OPTIONS", PAGE) },
  { name: "QUERY", octets: request("QUERY", PAGE, ["Content-Length: 4"], "evil") },
  { name: "a method that nobody knows", octets: request("EVIL", PAGE) },
  { name: "a method in lower case", octets: request("get", PAGE) },
  { name: "HEAD", octets: request("HEAD", PAGE) },

  // Other authorities.
  field("Host: evil.example"),
  field("Host: example.com:8080"),
  field("Host: example.com."),
  field("Host: example.com.evil.example"),
  field("Host: __proto__"),
  { name: "no Host", octets: `GET ${PAGE} HTTP/1.0\r\n\r\n` },
];

/** The page as the origin gives it to everybody, or makes it for each request. */
function origin(preference: "own" | "foreign", vary: string | undefined) {
  return async (seen: Parameters<typeof mirror>[0]) => {
    const headers: Record<string, string> = { etag: '"v"', ...(vary === undefined ? {} : { vary }) };
    if (preference === "foreign") headers["cache-control"] = "max-age=60, stale-while-revalidate=60";
    const content = await mirror(seen);
    await new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));
    return kept(preference === "foreign" ? "standard" : { maxAge: 60 }, content, headers);
  };
}

test("The page is stored, or the tests below would show nothing", async () => {
  for (const preference of ["own", "foreign"] as const) {
    const site = new CachedSite(origin(preference, undefined));
    await site.send(get(PAGE));
    await site.send(get(PAGE));
    assert.equal(site.calls.length, 1);
  }
});

describe("What one client sends is not in what another gets", () => {
  for (const { name, octets, vary } of ATTACKS) {
    test(`${name}${vary === undefined ? "" : `, Vary: ${vary}`}`, async () => {
      for (const preference of ["own", "foreign"] as const) {
        const make = (): CachedSite => new CachedSite(origin(preference, vary));
        const expected = (await make().send(get(PAGE)))?.body;
        assert.ok(expected?.includes("/page"));
        const unharmed = async (site: CachedSite, when: string): Promise<void> => {
          assert.equal((await site.send(get(PAGE)))?.body, expected, `${preference}, ${when}`);
        };

        const empty = make();
        await empty.send(octets);
        await unharmed(empty, "stored before");

        const busy = make();
        await Promise.all([busy.send(octets), unharmed(busy, "on its way")]);
        await unharmed(busy, "after both");

        const stale = make();
        await stale.send(get(PAGE));
        await stale.wait(61);
        await stale.send(octets);
        await unharmed(stale, "validated by it");
        await unharmed(stale, "after the validation");
      }
    });
  }
});
