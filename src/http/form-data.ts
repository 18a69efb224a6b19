import { native } from "./native.ts";

/** `formData()` by the platform's own parser. */
export async function nativeFormData(bytes: Uint8Array, type: string | null): Promise<FormData> {
  const headers: Record<string, string> = type === null ? {} : { "content-type": type };
  return new native.Response(Uint8Array.from(bytes), { headers }).formData();
}
