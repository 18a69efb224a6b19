import { joinFetchStandard } from "./http/fetch-standard.ts";

// The server.
export { MillraceError } from "./base/errors.ts";
export type { Log, LogFields, LogLevel } from "./base/log.ts";
export { WebServer } from "./server/web-server.ts";
export type { ServerState, StopOptions } from "./server/web-server.ts";
export type { App } from "./server/app.ts";
export { defineConfig } from "./server/define-config.ts";
export type { CommandContext, CommandFunction, ServerCommand } from "./server/commands.ts";
export type { CertificateStatus, LimitStatus, Report } from "./server/report.ts";
export type { UpstreamStatus } from "./extensions/proxy/upstream-health.ts";
export type { ListenOption } from "./server/listen-option.ts";
export type { ServerOptions } from "./server/options.ts";
export type { LogFileOptions } from "./server/file-log.ts";
export type { SystemOptions } from "./server/system/system-options.ts";
export type { HttpLimits } from "./http/http-limits.ts";
export type { ListenAddress } from "./transport/connection.ts";
export type { ListenWhere } from "./transport/tcp.ts";
export type { PhaseLimits } from "./transport/watchdog.ts";

// TLS.
export type { AcmeOptions } from "./tls/acme/acme-options.ts";
export type { Demand, OnDemandOptions } from "./tls/acme/on-demand-options.ts";
export { dnsExec } from "./tls/acme/dns-exec.ts";
export { dnsUpdate } from "./tls/acme/dns-update.ts";
export type { DnsUpdateOptions, TsigKey } from "./tls/acme/dns-update.ts";
export type { DnsProvider } from "./tls/acme/dns-solver.ts";
export type { ExternalAccount } from "./tls/acme/external-account.ts";
export type { CertificateStorage, StorageLock } from "./tls/acme/storage.ts";
export { Certificate } from "./tls/certificate.ts";
export type { CertificateInit, CertificateOrigin } from "./tls/certificate.ts";
export type { TsigAlgorithm } from "./tls/dns/tsig.ts";
export { readCertificate } from "./tls/certificate-files.ts";
export type { CertificateFiles } from "./tls/certificate-files.ts";
export type { CertificateEntry, Certificates, CertificateSet, FindMissing } from "./tls/certificates.ts";
export type { ClientCertificate, DistinguishedName } from "./tls/client-certificate.ts";
export type { StapleStatus } from "./tls/ocsp/stapler.ts";
export type { HostTlsOptions, TlsOptions } from "./tls/tls-options.ts";

// What a server does beside answering.
export { Hooks } from "./server/hooks.ts";
export type { HookOptions, HooksInit, HookStatus, ListenerStatus } from "./server/hooks.ts";
export type { ErrorSource, Heir, HookListeners, HookName, WorkerExit } from "./server/hook-listeners.ts";
export { Registrations } from "./server/registrations.ts";
export type { Register } from "./server/registrations.ts";
export type { AutorunOptions } from "./server/autorun/autorun-options.ts";
export { defineScript } from "./server/autorun/script-context.ts";
export type { AddTask, RouteMethods, Script, ScriptContext, ScriptHost } from "./server/autorun/script-context.ts";
export { cron } from "./server/scheduler/cron.ts";
export type { CronOptions } from "./server/scheduler/cron.ts";
export type { Duration } from "./server/scheduler/duration.ts";
export type { Lease } from "./server/scheduler/lease.ts";
export { every } from "./server/scheduler/schedule.ts";
export type { Schedule } from "./server/scheduler/schedule.ts";
export { Scheduler } from "./server/scheduler/scheduler.ts";
export type { SchedulerInit } from "./server/scheduler/scheduler.ts";
export type { SharedSecrets } from "./server/workers/secrets.ts";
export { task } from "./server/scheduler/task.ts";
export type { Task, TaskOptions, TaskRun } from "./server/scheduler/task.ts";
export type { TaskStatus } from "./server/scheduler/task-status.ts";

// The one concept.
export type { Handler, Layer } from "./http/handler.ts";
export { Headers } from "./http/headers.ts";
export type { HeadersInit } from "./http/headers.ts";
export { HttpError, NotFoundError } from "./http/http-error.ts";
export type { HttpErrorInit } from "./http/http-error.ts";
export { DefaultFields } from "./http/default-fields.ts";
export { KeptResponse } from "./http/kept-response.ts";
export { Request } from "./http/request.ts";
export type { RequestState } from "./http/request.ts";
export type { RequestInit } from "./http/standard-request.ts";
export { Response } from "./http/response.ts";
export type { ClientCache, ServerCache } from "./http/cache-preference.ts";
export type { ResponseInit } from "./http/response.ts";

// Makers of responses.
export { events, html, json, problem, redirect, stream, text } from "./http/make.ts";
export type { Answer, Problem, RedirectInit, ServerEvent, StreamInit } from "./http/make.ts";
export { upgrade } from "./http/upgrade.ts";
export type { Upgrade } from "./http/upgrade.ts";

// The cache of responses.
export { compression } from "./cache/compression.ts";
export type { CompressionOptions } from "./cache/compression.ts";
export type { Coding } from "./cache/coding-choice.ts";
export { dictionaries } from "./cache/dictionaries.ts";
export type { Dictionaries, DictionaryOptions } from "./cache/dictionaries.ts";
export { memoryStore } from "./cache/memory-store.ts";
export type { MemoryStoreOptions } from "./cache/memory-store.ts";
export { ResponseCache } from "./cache/response-cache.ts";
export type { CacheOptions } from "./cache/response-cache.ts";
export type { EntryFacts, Selection, Store, StoreCounts } from "./cache/store.ts";

// Layers and stages.
export type { After, Answered, Before } from "./pipeline/before-after.ts";
export type { ErrorClass, ErrorHandler, ErrorKey } from "./pipeline/errors.ts";
export type { ErrorFacts } from "./pipeline/error-page.ts";
export type { PageSource } from "./pipeline/stages.ts";
export { ExtensionError } from "./pipeline/extension-error.ts";
export type { StageName } from "./pipeline/extension-error.ts";
export { nonceOf } from "./pipeline/nonce.ts";
export type { Presenter } from "./pipeline/presenters.ts";
export { renderedResponse, sourceText } from "./pipeline/rendered.ts";
export type { Rendering } from "./pipeline/rendered.ts";
export { rewrite } from "./pipeline/rewrite.ts";
export type { Scope } from "./pipeline/scope.ts";
export { scoped } from "./pipeline/scoped.ts";
export type { Peers } from "./pipeline/peers.ts";
export type { Exchange, Extension, Prepare } from "./pipeline/stages.ts";

// Hosts and routes.
export { Arc, arc } from "./hosts/arc.ts";
export type { Mountable, MountOptions, RouteHandler, RouteOptions, ValidHandler } from "./hosts/arc.ts";
export type { Filter } from "./hosts/claims.ts";
export type { FetchApp, FetchAppOptions } from "./hosts/fetch-app.ts";
export type { TrailingSlash } from "./hosts/handlers-manager.ts";
export { Host, host } from "./hosts/host.ts";
export type { DefaultName, HostOptions } from "./hosts/host.ts";
export type { HstsOptions, HttpsOnlyOptions } from "./hosts/https-only.ts";
export { Hosts } from "./hosts/hosts.ts";
export type { HostsOptions } from "./hosts/hosts.ts";
export type { Params } from "./hosts/pattern.ts";
export type { Schema, Validated } from "./hosts/validated.ts";
export { descriptorCache, memoryCache } from "./hosts/loader/file-cache.ts";
export type { FileCache } from "./hosts/loader/file-cache.ts";
export { files } from "./hosts/loader/files.ts";
export type { FilesHandler } from "./hosts/loader/files.ts";
export { Loader } from "./hosts/loader/loader.ts";
export type { LoaderOptions, Preloaded } from "./hosts/loader/loader.ts";

// Helpers for handlers.
export type { CookieAttributes } from "./fields/cookie.ts";
export type { Pairs } from "./fields/pairs.ts";
export type { Query } from "./fields/query.ts";
export { formatChallenge } from "./fields/authorization.ts";
export type { AuthScheme, BasicCredentials } from "./fields/authorization.ts";
export type { CacheControl } from "./fields/cache-control.ts";
export { authorization, basicCredentials, bearerToken } from "./helpers/authorization.ts";
export { cacheControl } from "./helpers/cache-control.ts";
export { accepts, acceptsEncoding, acceptsLanguage } from "./helpers/accepts.ts";
export { cookies, deleteCookie, setCookie } from "./helpers/cookies.ts";
export { escapeAttribute, escapeHtml, escapeJs, escapeUrl } from "./helpers/escape.ts";
export { Form, form } from "./helpers/form.ts";
export type { FormFile } from "./helpers/form.ts";
export { Markup, markup, trustedMarkup } from "./helpers/markup.ts";
export type { MarkupValue } from "./helpers/markup.ts";
export { mediaTypeOf } from "./helpers/media-types.ts";
export { multipart, Part } from "./helpers/multipart.ts";
export type { MultipartLimits, MultipartOptions } from "./helpers/multipart.ts";
export { notModified } from "./helpers/not-modified.ts";
export type { Representation } from "./helpers/not-modified.ts";
export { saveUploads } from "./helpers/save-uploads.ts";
export type { SavedFile, UploadOptions, Uploads } from "./helpers/save-uploads.ts";

// Extensions.
export { accessLog } from "./extensions/access-log/access-log.ts";
export type { Rotation } from "./extensions/access-log/rotation.ts";
export type { AccessLog, AccessLogOptions } from "./extensions/access-log/access-log.ts";
export { allowIps } from "./extensions/allow-ips/allow-ips.ts";
export type { AllowIpsOptions } from "./extensions/allow-ips/allow-ips.ts";
export { cacheDirective } from "./extensions/cache-directive/cache-directive.ts";
export { cors } from "./extensions/cors/cors.ts";
export type { CorsOptions } from "./extensions/cors/cors.ts";
export type { CorsRule } from "./extensions/cors/rule.ts";
export { csp } from "./extensions/csp/csp.ts";
export type { CspOptions, CspRule } from "./extensions/csp/csp.ts";
export type { CspChanges } from "./extensions/csp/policy.ts";
export { download } from "./extensions/download/download.ts";
export { errorPages } from "./extensions/error-pages/error-pages.ts";
export { hide } from "./extensions/hide/hide.ts";
export { limiter } from "./extensions/limiter/limiter.ts";
export type { LimitRule } from "./extensions/limiter/options.ts";
export { markdown } from "./extensions/markdown/markdown.ts";
export type { MarkdownOptions } from "./extensions/markdown/markdown.ts";
export type { MarkdownPage } from "./extensions/markdown/markdown-page.ts";
export { nonce } from "./extensions/nonce/nonce.ts";
export type { NonceOptions } from "./extensions/nonce/nonce.ts";
export { proxy } from "./extensions/proxy/proxy.ts";
export type { ProxyOptions } from "./extensions/proxy/proxy.ts";
export type { ProxyTimeouts } from "./extensions/proxy/upstream.ts";
export { referrerPolicy } from "./extensions/referrer-policy/referrer-policy.ts";
export type { ReferrerPolicy, ReferrerRule } from "./extensions/referrer-policy/referrer-policy.ts";
export { securityFields } from "./extensions/security-fields/security-fields.ts";
export type { FieldChanges, SecurityFieldsOptions } from "./extensions/security-fields/security-fields.ts";
export { templates } from "./extensions/templates/templates.ts";
export type { TemplateData, TemplateOptions } from "./extensions/templates/templates.ts";

joinFetchStandard();
