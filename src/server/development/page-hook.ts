import { then } from "../../base/maybe-promise.ts";
import type { Handler, Layer } from "../../http/handler.ts";
import type { DevelopmentPage } from "./development-page.ts";

/** Where a server in development has a place for what pages get, which is loaded when there is something to tell them. */
export class PageHook {
  page: DevelopmentPage | undefined;

  /** Answers what the scripts of pages ask for, whatever host they ask. */
  readonly answering = (next: Handler): Handler => {
    return (request) => this.page?.answer(request) ?? next(request);
  };

  /** Between content coding and the cache: what is stored is the page as it was made. */
  within(compress: Layer | undefined): Layer {
    return (next) => {
      const presented: Handler = (request) => {
        const { page } = this;
        return page === undefined ? next(request) : then(next(request), (response) => page.present(response, request));
      };
      return compress === undefined ? presented : compress(presented);
    };
  }
}
