import { FAULT_STYLE } from "./fault-page.ts";

/** Where what pages need in development is, on every host. */
export const DEVELOPMENT_PATH = "/.millrace/dev/";

const OVERLAY_STYLE = `:host { all: initial; }
dialog { position: fixed; inset: 0; width: 100%; height: 100%; max-width: none; max-height: none; margin: 0; border: 0;
  padding: clamp(1rem, 6vh, 5rem) 1rem 2rem; box-sizing: border-box; overflow: auto; color-scheme: light dark;
  background: rgb(20 18 16 / .6); }
dialog:focus { outline: none; }
dialog::backdrop { background: none; }
section { position: relative; max-width: 56rem; margin: 0 auto; }
button { position: absolute; top: 1rem; right: 1rem; width: 2rem; height: 2rem; border: 0; border-radius: .5rem; cursor: pointer;
  font: 1.25rem/1 system-ui, sans-serif; color: inherit; background: none; }
button:hover { background: rgb(128 128 128 / .2); }
article { position: relative; }
.note { margin: 0; font: .8125rem/1.5 system-ui, sans-serif; color: #e8e3dc; }
${FAULT_STYLE}`;

/**
 * The script of pages in development: reloads the page when what it comes from has changed, takes new style sheets without
 * that, and lays what is broken over it.
 *
 * All of a fault is put in as text. The style is adopted, which no Content-Security-Policy forbids.
 */
export const PAGE_CLIENT: string = `(() => {
  "use strict";
  const address = new URL(document.currentScript.src);
  const version = address.searchParams.get("v");
  const events = new URL("events", address);
  const style = ${JSON.stringify(OVERLAY_STYLE)};
  let styles = Number(address.searchParams.get("s"));
  let source, overlay, dismissed = "", shown = "";

  function connect() {
    if (source || document.hidden) return;
    source = new EventSource(events);
    source.addEventListener("state", ({ data }) => heard(JSON.parse(data)));
    source.addEventListener("error", () => {
      if (source?.readyState !== EventSource.CLOSED) return;
      disconnect();
      setTimeout(connect, 500);
    });
  }

  function disconnect() {
    source?.close();
    source = undefined;
  }

  function heard(state) {
    if (state.version !== version) {
      disconnect();
      return location.reload();
    }
    if (state.styles !== styles) restyle(state.style);
    styles = state.styles;
    show(state.faults);
  }

  function restyle(path) {
    const links = [...document.querySelectorAll('link[rel~="stylesheet"][href]')];
    const own = links.filter(({ href }) => new URL(href).origin === location.origin);
    const meant = own.filter(({ href }) => path !== null && decodeURI(new URL(href).pathname) === path);
    // One that is imported by another has no link of its own.
    for (const link of meant.length > 0 ? meant : own) {
      const url = new URL(link.href);
      url.searchParams.set("millrace", String(Date.now()));
      const next = link.cloneNode();
      next.href = url.href;
      next.addEventListener("load", () => link.remove());
      next.addEventListener("error", () => link.remove());
      link.after(next);
    }
  }

  function show(faults) {
    const text = JSON.stringify(faults);
    if (text === shown) return;
    shown = text;
    overlay?.remove();
    overlay = undefined;
    if (faults.length === 0) dismissed = "";
    if (faults.length === 0 || text === dismissed) return;
    overlay = document.createElement("millrace-overlay");
    const root = overlay.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    root.adoptedStyleSheets = [sheet];
    const dialog = element("dialog", "", "");
    dialog.setAttribute("aria-label", "What is broken");
    // Or the first thing in it that can be scrolled would have the focus, and a frame around it.
    dialog.tabIndex = -1;
    dialog.autofocus = true;
    const section = element("section", "", "");
    faults.forEach((fault) => section.append(article(fault)));
    const close = element("button", "", "\\u00d7");
    close.setAttribute("aria-label", "Close");
    close.addEventListener("click", () => dialog.close());
    section.append(close, element("p", "note", "Esc closes this. It goes by itself when the fault is mended."));
    dialog.append(section);
    dialog.addEventListener("close", () => {
      dismissed = text;
      shown = "";
      overlay?.remove();
    });
    root.append(dialog);
    document.documentElement.append(overlay);
    dialog.showModal();
  }

  function article(fault) {
    const node = element("article", "", "");
    const what = element("p", "what", " " + fault.title + (fault.hasOld ? ", whose version before goes on" : ""));
    what.prepend(element("span", "", fault.code));
    node.append(what, element("h1", "", fault.message));
    if (fault.place) node.append(element("p", "place", fault.place));
    if (fault.frame) node.append(frame(fault.frame));
    if (fault.hint) node.append(element("p", "hint", fault.hint));
    return node;
  }

  function frame(text) {
    const node = element("pre", "", "");
    node.tabIndex = 0;
    for (const line of text.trimEnd().split("\\n")) {
      node.append(/^>|^ +\\^$/.test(line) ? element("b", "", line) : line, "\\n");
    }
    return node;
  }

  function element(name, type, text) {
    const node = document.createElement(name);
    if (type) node.className = type;
    node.textContent = text;
    return node;
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
  addEventListener("pageshow", connect);
  addEventListener("pagehide", disconnect);
  connect();
})();
`;
