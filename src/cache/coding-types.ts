import { lowerAscii } from "../base/ascii.ts";

/** Types beside `text/*`, `+json`, `+xml` and `+text` whose content is redundant. */
const TYPES: ReadonlySet<string> = new Set(
  [
    "application/json application/javascript application/x-javascript application/ecmascript application/xml",
    "application/wasm application/yaml application/toml application/sql application/rtf application/graphql",
    "application/x-ndjson application/jsonl application/json-seq application/x-sh application/x-tex application/x-perl",
    "application/vnd.apple.mpegurl application/vnd.ms-fontobject application/x-www-form-urlencoded",
    // WOFF and WOFF2 are compressed, these are not.
    "font/ttf font/otf font/collection application/x-font-ttf application/x-font-otf",
    "image/bmp image/x-icon image/vnd.microsoft.icon image/x-ms-bmp",
    "model/gltf-binary model/obj model/stl",
  ].flatMap((line) => line.split(" ")),
);

const verdicts = new Map<string, boolean>();

/** Whether content of a media type becomes much smaller by coding it. */
export function isCompressibleType(contentType: string): boolean {
  const known = verdicts.get(contentType);
  if (known !== undefined) return known;
  const verdict = judge(contentType);
  if (verdicts.size >= 256) verdicts.clear();
  verdicts.set(contentType, verdict);
  return verdict;
}

function judge(contentType: string): boolean {
  const type = lowerAscii(/^[^\t ;]*/.exec(contentType)![0]);
  return type.startsWith("text/") || /\+(?:json|xml|text|yaml)$/.test(type) || TYPES.has(type);
}
