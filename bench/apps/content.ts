/** What the rows on caching and coding serve: the same octets from each peer. */

/** Milliseconds that the handler of `/slow/…` takes. */
export const SLOW = 100;

/** A value whose JSON has 1,024 octets. */
export const order: { title: string; items: object[]; note: string } = orderOf(1_024);

const PAGE_SIZE = 50 * 1_024;

const SYLLABLES = "ka ri to men sa lu ve dor in pe os tal ne vi ra mo gen ti bel u cor a di ste fan ol ge".split(" ");
const ARTICLES = 60;

const random = generator(42);
const words = Array.from({ length: 700 }, word);
const articles = Array.from({ length: ARTICLES }, (_, id) => ({
  id,
  title: text(6),
  author: `${text(1)} ${text(1)}`,
  minutes: 2 + Math.floor(random() * 20),
  summary: text(70 + Math.floor(random() * 20)),
  tags: [text(1), text(1), text(1)],
}));

const head = `<!doctype html>
<html lang="la">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${articles[0]?.title}</title>
    <link rel="stylesheet" href="/style.css">
  </head>
  <body>
`;
const foot = "  </body>\n</html>\n";
const parts = articles.map(
  ({ id, title, author, minutes, summary, tags }) => `    <article id="article-${id}" class="teaser">
      <h2 class="teaser-title"><a href="/articles/${id}">${title}</a></h2>
      <p class="byline">by <span class="author">${author}</span>, <time>${minutes} minutes</time></p>
      <p class="summary">${summary}</p>
      <ul class="tags">${tags.map((tag) => `<li><a href="/tags/${tag}">${tag}</a></li>`).join("")}</ul>
    </article>
`,
);
const filler = " ".repeat(PAGE_SIZE - head.length - parts.join("").length - foot.length);

/**
 * A page of 50 KiB of HTML in ASCII, put together anew each time out of kept parts: little work, so that a row on coding
 * compares the coding and the serving, and not the making.
 */
export function page(): string {
  return head + parts.join("") + filler + foot;
}

function orderOf(size: number): typeof order {
  const items = Array.from({ length: 12 }, (_, id) => ({
    id,
    name: `item number ${id}`,
    price: id * 1.25,
    tags: ["a", "b"],
  }));
  const value = { title: "an order", items, note: "" };
  value.note = "x".repeat(size - JSON.stringify(value).length);
  return value;
}

/** Some words out of few common and many rare ones, as texts have them. */
function text(length: number): string {
  return Array.from({ length }, () => words[Math.floor(words.length * random() ** 3)]).join(" ");
}

function word(): string {
  return Array.from({ length: 1 + Math.floor(random() * 3) }, () => SYLLABLES[Math.floor(random() * 27)]).join("");
}

/** Numbers from 0 to 1, the same in each process. */
function generator(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}
