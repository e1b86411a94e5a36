/**
 * PEM texts (RFC 7468) to DER. It knows blocks and base64, not what is in them. No text of a block is ever in
 * an error: it may be a key's.
 */
import { fail, ok, type Result } from "../../base/result.ts";

export interface PemBlock {
  /** As in `CERTIFICATE`; empty for base64 without a frame around it, as states hold it. */
  readonly label: string;
  readonly der: Buffer;
  /** Encrypted in the old way, by a header in the block. */
  readonly isEncrypted: boolean;
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,64})-----((?:(?!-----)[^])*)-----END \1-----/g;
const BEGIN = /-----BEGIN /g;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * The blocks of a text, at least one. The error is the end of a sentence that begins with the field's name.
 */
export function readPem(text: string): Result<readonly PemBlock[], string> {
  if (text.trim() === "") return fail("is empty");
  const begun = text.match(BEGIN)?.length ?? 0;
  if (begun === 0) {
    const der = decodeBase64(text);
    return der === undefined ? fail("is not PEM") : ok([{ label: "", der, isEncrypted: false }]);
  }
  const blocks: PemBlock[] = [];
  for (const [, label = "", body = ""] of text.matchAll(BLOCK)) {
    const isEncrypted = /^\s*Proc-Type:.*ENCRYPTED/m.test(body);
    const der = isEncrypted ? Buffer.alloc(0) : decodeBase64(body);
    if (der === undefined) return fail(`is damaged: block ${blocks.length + 1} is not base64`);
    blocks.push({ label, der, isEncrypted });
  }
  return blocks.length === begun ? ok(blocks) : fail("is cut off: a block has no end of its own");
}

function decodeBase64(text: string): Buffer | undefined {
  const packed = text.replaceAll(/\s+/g, "");
  return packed.length % 4 === 0 && BASE64.test(packed) ? Buffer.from(packed, "base64") : undefined;
}
